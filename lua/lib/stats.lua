-- Counters of organizations: hash mr:{p}:stats, "<organization>:<word>" -> how often something was
-- out of the ordinary. What goes well costs nothing here, since it follows from what there is:
--   events      entries-added of mr:{p}:events:<organization>, which Redis itself counts
--   deliveries  of all that are processed: events - skipped + extra
-- Summed up over the call, then read and written at once: many organizations in one cost hardly
-- more than one.
local counted, sums, counted_n = {}, {}, 0

local function count(org, counter, by)
    local field = org .. counter
    local sum = sums[field]
    if sum then
        sums[field] = sum + by
    else
        counted_n = counted_n + 1
        counted[counted_n], sums[field] = field, by
    end
end

-- pcall: what cannot be counted must not stop, half-way, what is counted.
local function write_stats(key)
    if counted_n == 0 then
        return
    end
    local found, written = redis.pcall('HMGET', key, unpack(counted)), {}
    for i = 1, counted_n do
        local field, before = counted[i], found[i] and tonumber(found[i]) or 0
        written[2 * i - 1], written[2 * i] = field, digits(before + sums[field])
    end
    redis.pcall('HSET', key, unpack(written))
end
