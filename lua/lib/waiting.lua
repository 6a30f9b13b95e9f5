-- How many are in due, by their reason. pcall: what cannot be counted must not stop, half-way, what
-- is counted.
local function count_waiting(waiting, reason, by)
    redis.pcall('HINCRBY', waiting, reason, by)
end
