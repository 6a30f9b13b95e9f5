-- Deliveries that wait for a time: a hash each, and a place in due, written once for all.
local due_members = {}

local function wait(prefix, until_ms, reason, event, endpoint, org, attempt, snoozes, history,
                    trace, request, body, ...)
    -- dlv_ + the 20 characters of evt_… + the 20 of ep_…
    local id = 'dlv_' .. string.sub(event, 5) .. string.sub(endpoint, 4)
    write_hash(prefix .. id, 'event', event, 'endpoint', endpoint, 'org', org,
               'attempt', attempt, 'snoozes', snoozes, 'history', history,
               'trace', trace, 'request', request, 'body', body,
               'reason', reason, 'until', until_ms, ...)
    due_members[#due_members + 1] = until_ms
    due_members[#due_members + 1] = id
end

-- Returns the earliest due ms of all that wait, or ''.
local function write_due(due)
    if #due_members > 0 then
        call('ZADD', due, unpack(due_members))
    end
    return earliest_due(due)
end
