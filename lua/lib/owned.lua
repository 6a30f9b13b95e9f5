-- Which of some ids are pending for this consumer, as a set. Ascending ids without gaps between
-- them cost one call, others one each; what else the consumer holds costs nothing.
-- An unknown group is an error here, and so is an id that is none, before anything is written.
local function owned_ids(stream, group, consumer, ids)
    local owned, n = {}, #ids
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
