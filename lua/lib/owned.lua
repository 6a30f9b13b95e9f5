-- Whether many ascending ids are pending for this consumer all together, which is told without a
-- look at each: it was given all of them and has settled none (its word: held says how many of such
-- it has, these and others), none from the first of them on was ever taken over by somebody else,
-- and it has as many pending as it says. Entries are taken over by reclaim.lua alone, which leaves
-- in the hash mr:{p}:reclaimed, by group, the last that was; the count finds what was done by hand.
local FEW = 8 -- are looked up sooner

local function are_all_owned(stream, group, consumer, ids, reclaimed, held)
    if (held or '') == '' or #ids < FEW then
        return false
    end
    local last = redis.pcall('HGET', reclaimed, group) or '0-0'
    if type(last) ~= 'string' or not is_after(ids[1], last) then
        return false
    end
    for _, row in ipairs(call('XPENDING', stream, group)[4] or {}) do
        if row[1] == consumer then
            return tonumber(row[2]) >= tonumber(held)
        end
    end
    return false
end

-- The set of those ids that are pending for this consumer. Ascending ids without gaps between them
-- cost one call, others one each; what else the consumer holds costs nothing.
-- reclaimed, held: as above; without them, or with '' for held, each is looked up.
-- An unknown group or a malformed id is an error here, before anything is written.
local function owned_ids(stream, group, consumer, ids, reclaimed, held)
    local owned, n = {}, #ids
    if are_all_owned(stream, group, consumer, ids, reclaimed, held) then
        for i = 1, n do
            owned[ids[i]] = true
        end
        return owned
    end
    if n > 1 then
        local held = call('XPENDING', stream, group, ids[1], ids[n], n, consumer)
        for i = 1, #held do
            owned[held[i][1]] = true
        end
    end
    for i = 1, n do
        local id = ids[i]
        if not owned[id] then
            owned[id] = call('XPENDING', stream, group, id, id, 1, consumer)[1] and true
        end
    end
    return owned
end
