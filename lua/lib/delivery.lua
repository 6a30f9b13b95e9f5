-- A delivery that may be sent now: an entry of the deliveries stream. What it is stands in one
-- field, "<event> <endpoint> <origin>" (lib/origin), and one that was never tried has no other but
-- its body: each field costs when it is written, logged, sent and parsed. What its lane let go has
-- lane 1 as well.
local function ready_fresh(stream, event, endpoint, origin, body, ...)
    call('XADD', stream, '*', 'delivery', event .. ' ' .. endpoint .. ' ' .. origin,
         'body', body, ...)
end

local function ready(stream, event, endpoint, origin, attempt, snoozes, history, body, ...)
    if attempt == '1' and snoozes == '0' and history == '' then
        ready_fresh(stream, event, endpoint, origin, body, ...)
    else
        call('XADD', stream, '*', 'delivery', event .. ' ' .. endpoint .. ' ' .. origin,
             'attempt', attempt, 'snoozes', snoozes, 'history', history, 'body', body, ...)
    end
end

local function earliest_due(due)
    local first = call('ZRANGE', due, 0, 0, 'WITHSCORES')
    return first[2] and digits(first[2]) or ''
end
