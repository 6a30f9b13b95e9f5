#!lua flags=allow-oom
-- purge_letters.lua - dead letters of an organization are thrown away; their deliveries stay dead
--
-- KEYS    1 dead letters stream, and prefixes with the same tag: 2 mr:{p}:event:  3 mr:{p}:dlq:
--         4 mr:{p}:letters:
-- ARGV    1 organization, then two per delivery: event endpoint
-- RETURNS per delivery a word
--         purged  its letter is gone, and its state says so, if its event is there still
--         absent  it has no letter of this organization
--
-- At most 200 deliveries per call (the caller's bound).
local call = redis.call
--@include letter

local dlq, records, letters, places = unpack(KEYS)
local org = ARGV[1]
assert(#ARGV % 2 == 1, 'purge_letters: two arguments per delivery')
call('XLEN', dlq)

local function purge(event, endpoint)
    local state = redis.pcall('HGET', records .. event, endpoint)
    local its_own = type(state) == 'string' and letter_of(state)
    local letter = its_own or letter_at(places .. org, event, endpoint)
    if not letter or letter_field(letter_fields(dlq, letter), 'org') ~= org then
        return 'absent'
    end
    if its_own then
        call('HSET', records .. event, endpoint,
             'dead - ' .. string.match(state, '^dead %S+ (.*)$'))
    else
        call('HDEL', places .. org, letter_place(event, endpoint))
    end
    call('XDEL', dlq, letter)
    redis.pcall('XDEL', letters .. org, letter)
    return 'purged'
end

local words = {}
for i = 2, #ARGV, 2 do
    words[#words + 1] = purge(ARGV[i], ARGV[i + 1])
end
return words
