-- Deliveries that wait for a time: all that is known of one stands in its event's record, and its
-- id in due, written once for all of a reason. The body stays behind: it is made from the log
-- again, and many may wait for long.
local due_members = {}

-- dlv_ + the 20 characters of evt_… + the 20 of ep_…
local function delivery_id(event, endpoint)
    return 'dlv_' .. string.sub(event, 5) .. string.sub(endpoint, 4)
end

local function wait_until(until_ms, reason, event, endpoint)
    local members = due_members[reason] or {}
    due_members[reason], members[#members + 1] = members, until_ms
    members[#members + 1] = delivery_id(event, endpoint)
end

-- Returns the earliest due ms of all that wait, or ''.
local function write_due(due, waiting)
    for reason, members in pairs(due_members) do
        count_waiting(waiting, reason, call('ZADD', due, unpack(members)))
    end
    return earliest_due(due)
end
