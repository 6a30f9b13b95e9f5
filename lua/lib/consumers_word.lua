-- Which of some ascending ids are pending for this consumer, as lib/owned; but many may be told all
-- together, without a look at each. The process says how many entries it holds at least that it was
-- given and is not through with, these among them: its word is a number; '' when it is not sure of
-- one of these, and 'again' when one of them was in a call that was not answered. It is believed
-- when none from the first of them on was ever taken over (lib/reclaimed), and it has as many
-- pending as it says. Entries are taken over by reclaim.lua alone; that it has fewer mostly finds
-- what was done by hand, but nothing rests on it. Ids that are believed must be ids: XACK, which
-- comes last, would be the first to say that one is none.
-- A call that was not answered may be on its way still, and says what was true before: 'again'
-- makes each of its entries be looked at, whenever it comes.
local FEW = 8 -- are looked up sooner

local function are_all_owned(stream, group, consumer, ids, reclaimed, word)
    if not tonumber(word) or #ids < FEW or not is_behind_reclaimed(reclaimed, group, ids[1]) then
        return false
    end
    for _, row in ipairs(call('XPENDING', stream, group)[4] or {}) do
        if row[1] == consumer then
            return tonumber(row[2]) >= tonumber(word)
        end
    end
    return false
end

local function owned_by_word(stream, group, consumer, ids, reclaimed, word)
    if word == 'again' then
        note_reclaimed(reclaimed, group, ids[#ids])
    end
    if not are_all_owned(stream, group, consumer, ids, reclaimed, word) then
        return owned_ids(stream, group, consumer, ids)
    end
    local owned = {}
    for i = 1, #ids do
        owned[ids[i]] = true
    end
    return owned
end
