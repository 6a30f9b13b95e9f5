-- A delivery that may be sent now: an entry of the deliveries stream. A fresh one is without the
-- fields in which it has nothing to say (its attempt is the first, the trace may tell the request):
-- each costs when it is written, logged, sent and parsed. What its lane let go has lane 1 as well.
local function ready_fresh(stream, event, endpoint, org, trace, request, body, ...)
    if request == '' then
        call('XADD', stream, '*', 'event', event, 'endpoint', endpoint, 'org', org,
             'trace', trace, 'body', body, ...)
    else
        call('XADD', stream, '*', 'event', event, 'endpoint', endpoint, 'org', org,
             'trace', trace, 'request', request, 'body', body, ...)
    end
end

local function ready(stream, event, endpoint, org, attempt, snoozes, history, trace, request, body,
                     ...)
    if attempt == '1' and snoozes == '0' and history == '' then
        ready_fresh(stream, event, endpoint, org, trace, request, body, ...)
    else
        call('XADD', stream, '*', 'event', event, 'endpoint', endpoint, 'org', org,
             'attempt', attempt, 'snoozes', snoozes, 'history', history,
             'trace', trace, 'request', request, 'body', body, ...)
    end
end

local function earliest_due(due)
    local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
    return first[2] and digits(first[2]) or ''
end
