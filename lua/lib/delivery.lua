-- A delivery that may be sent now: an entry of the deliveries stream.
local function ready(stream, event, endpoint, org, attempt, snoozes, history, trace, request, body)
    call('XADD', stream, '*', 'event', event, 'endpoint', endpoint, 'org', org,
         'attempt', attempt, 'snoozes', snoozes, 'history', history,
         'trace', trace, 'request', request, 'body', body)
end

local function earliest_due(due)
    local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
    return first[2] and digits(first[2]) or ''
end
