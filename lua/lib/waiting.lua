-- How many deliveries wait, by their reason. pcall: what cannot be counted must not stop, half-way,
-- what is counted.
local function count_waiting(waiting, reason, by)
    redis.pcall('HINCRBY', waiting, reason, by)
end

-- Nothing waits for a time: only what is held is still counted.
local function forget_waiting(waiting)
    local held = redis.pcall('HGET', waiting, 'paused')
    call('DEL', waiting)
    if type(held) == 'string' and (tonumber(held) or 0) > 0 then
        call('HSET', waiting, 'paused', held)
    end
end
