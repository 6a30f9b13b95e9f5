-- Of fanout.lua, by its names: a part of an event, or one of which something is there already,
-- whose deliveries wait, or that nobody gets.
local function write_part(record, first, last, event, origin, body, mark, from, skipped, after,
                          gated)
    local written, is_later = 0, after ~= '' and (tonumber(after) or 0) > now
    local later = is_later and waiting_state('scheduled', after, 1, 0, origin, '0')
    local is_repeat = from == '' and any_record and has_fields(record)
    if (is_repeat or from ~= '') and redis.pcall('HEXISTS', record, 'trimmed') == 1 then
        return
    end
    for e = first, last do
        if write_fresh(record, event, items[e], origin, after, later, gated, body, mark) then
            written = written + 1
        end
    end
    local is_skipped = skipped ~= '' and not is_repeat and add_field(record, 'skipped', skipped)
    local extra = written - (from == '' and not is_repeat and 1 or 0)
    if extra > 0 then
        count(org_in(origin), ':extra', extra)
    end
    if is_skipped then
        count(org_in(origin), ':skipped', 1)
    end
end
