#!lua
-- replay.lua - D3 delivered, D4 waiting, D6 dead -> D1 ready, for a batch of deliveries, because
--              somebody asks for it
--
-- KEYS    1 events stream, 2 deliveries stream, 3 due zset, 4 waiting hash, 5 dead letters stream,
--         and prefixes with the same tag (the keys under them are named by ids in ARGV):
--         6 mr:{p}:event:  7 mr:{p}:dlq:  8 mr:{p}:endpoint:  9 mr:{p}:letters:
-- ARGV    1 organization, 2 "dead": only what is dead; "any": all, 3 time in ms to use instead of
--         Redis's (''), then two per delivery: event endpoint
-- RETURNS per delivery one of the words of lib/replay, or
--         outlived  it has a dead letter, but its event is gone
--
-- At most 200 deliveries per call (the caller's bound).
local call = redis.call
--@include clock
--@include origin
--@include delivery
--@include waiting
--@include record
--@include wait
--@include resume
--@include log_entry
--@include letter
--@include replay

assert(#ARGV % 2 == 1, 'replay: two arguments per delivery')
local keys, now, words = replay_keys(1), digits(now_ms(ARGV[3])), {}
for i = 4, #ARGV, 2 do
    local word = replay(keys, ARGV[1], ARGV[i], ARGV[i + 1], ARGV[2] == 'dead', now)
    local is_outlived = word == 'absent' and letter_at(KEYS[9] .. ARGV[1], ARGV[i], ARGV[i + 1])
    words[#words + 1] = is_outlived and 'outlived' or word
end
return words
