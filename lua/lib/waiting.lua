-- How many deliveries wait, by their reason. pcall: what cannot be counted must not stop, half-way,
-- what is counted.
local function count_waiting(waiting, reason, by)
    redis.pcall('HINCRBY', waiting, reason, by)
end

-- Nothing waits for a time: only what is held is still counted.
local function forget_waiting(waiting)
    local reasons = {'paused', 'ordering', 'rate_limit'}
    local held = redis.pcall('HMGET', waiting, unpack(reasons))
    call('DEL', waiting)
    for i, reason in ipairs(reasons) do
        if (tonumber(held[i] or 0) or 0) > 0 then
            call('HSET', waiting, reason, held[i])
        end
    end
end
