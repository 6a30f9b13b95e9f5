-- A record of the configuration is created, changed or removed, with its place in an index; KEYS,
-- ARGV and what is returned are configure.lua's.
local function configure(record, index, gone)
    local rule, member = ARGV[1], ARGV[2]
    local is_removal = rule == 'remove'
    assert(is_removal and #ARGV == 2
           or (rule == 'create' or rule == 'change' or rule == 'once')
              and #ARGV >= 4 and #ARGV % 2 == 0
           or rule == 'swap' and #ARGV >= 6 and #ARGV % 2 == 0,
           'configure: create or change and pairs of field and value, or remove')
    local exists = call('EXISTS', record) == 1
    if rule == 'create' and exists then
        return 'exists'
    elseif rule ~= 'create' and not exists then
        return 'absent'
    elseif rule == 'swap' and call('HGET', record, ARGV[3]) ~= ARGV[4] then
        return 'moved'
    elseif rule == 'once' and (call('HGET', record, ARGV[3]) or '') ~= '' then
        return 'exists'
    end
    if is_removal then
        call('DEL', record)
    else
        call('HSET', record, unpack(ARGV, 3))
    end
    if index and is_removal then
        call('ZREM', index, member)
    elseif index then
        call('ZADD', index, 0, member)
    end
    if gone and is_removal then
        call('ZADD', gone, 0, member)
    end
    return 'written'
end
