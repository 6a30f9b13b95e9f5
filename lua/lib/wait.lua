-- Deliveries that wait for a time: a hash each, and a place in due, written once for all of a
-- reason. The body stays behind: it is made from the log again, and many may wait for long.
local due_members = {}

local function wait(prefix, until_ms, reason, event, endpoint, org, attempt, snoozes, history,
                    trace, request, ...)
    -- dlv_ + the 20 characters of evt_… + the 20 of ep_…
    local id = 'dlv_' .. string.sub(event, 5) .. string.sub(endpoint, 4)
    write_hash(prefix .. id, 'event', event, 'endpoint', endpoint, 'org', org,
               'attempt', attempt, 'snoozes', snoozes, 'history', history,
               'trace', trace, 'request', request, 'body', '',
               'reason', reason, 'until', until_ms, ...)
    local members = due_members[reason] or {}
    due_members[reason], members[#members + 1], members[#members + 2] = members, until_ms, id
end

-- Returns the earliest due ms of all that wait, or ''.
local function write_due(due, waiting)
    for reason, members in pairs(due_members) do
        count_waiting(waiting, reason, call('ZADD', due, unpack(members)))
    end
    return earliest_due(due)
end
