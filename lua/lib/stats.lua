-- Counters of organizations: hash mr:{p}:stats, "<organization>:<word>" -> count. Summed up over
-- the call, then read and written at once: many organizations in one cost hardly more than one.
-- How many events it has had Redis itself counts: entries-added of mr:{p}:events:<organization>.
local COUNTERS = {':deliveries', ':skipped', ':delivered', ':retried', ':snoozed', ':dead'}
local counted, sums = {}, {}

local function count(org, counter, by)
    local field = org .. counter
    local sum = sums[field]
    if not sum then
        counted[#counted + 1], sum = field, 0
    end
    sums[field] = sum + by
end

-- pcall: what cannot be counted must not stop, half-way, what is counted.
local function write_stats(key)
    if #counted == 0 then
        return
    end
    local found, written = redis.pcall('HMGET', key, unpack(counted)), {}
    for i, field in ipairs(counted) do
        local before = found[i] and tonumber(found[i]) or 0
        written[2 * i - 1], written[2 * i] = field, digits(before + sums[field])
    end
    redis.pcall('HSET', key, unpack(written))
end

local function forget_stats(key, org)
    local fields = {}
    for i, counter in ipairs(COUNTERS) do
        fields[i] = org .. counter
    end
    redis.pcall('HDEL', key, unpack(fields))
end
