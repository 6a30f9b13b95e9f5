-- What an item of a history (lib/attempts) says of its attempt, as an entry of the attempts: id,
-- fields. Of one without an entry the id is its time, and the fields are those that the item has.
-- Nothing of an entry that is not kept any more, or of what is no item.
local function attempt_row(attempts, item)
    local ms, attempt, status, duration = string.match(item, '^(%d+):(%d+):(%d+):(%d+)$')
    if ms then
        return {ms .. '-0', {'attempt', attempt, 'outcome', 'delivered', 'status', status,
                             'duration_ms', duration}}
    end
    return string.match(item, '^%d+%-%d+$') and call('XRANGE', attempts, item, item)[1]
end
