#!lua flags=allow-oom
-- recount.lua - how many entries a group has read is counted again
--
-- KEYS    1 stream
-- ARGV    1 group, 2 how many unread entries to count, at most
-- RETURNS 1 when the count was wrong and is right now, else 0
--
-- Redis 7.0 does not write this count into its log: a start after a rewrite of the log takes it
-- from the rewrite, so that all that was read since then is lag for ever (redis/redis#12898), and a
-- start without a rewrite knows no lag. publish.lua refuses events by it. While more are unread
-- than are counted here it stays as it is: either it is right, or events are refused until it is.
-- Without stream or group there is nothing to count.
local call = redis.call
--@include group
--@include clock

local stream, group, most = KEYS[1], ARGV[1], tonumber(ARGV[2])
local info = group_info(stream, group)
if not info or info.lag == 0 then
    return 0
end
local last = info['last-delivered-id']
local unread = #call('XRANGE', stream, '(' .. last, '+', 'COUNT', most + 1)
if unread > most or info.lag == unread then
    return 0
end
local facts, added = call('XINFO', 'STREAM', stream), nil
for i = 1, #facts, 2 do
    added = facts[i] == 'entries-added' and facts[i + 1] or added
end
call('XGROUP', 'SETID', stream, group, last, 'ENTRIESREAD', digits(added - unread))
return 1
