-- Counters of organizations, summed up over the call and written once each.
local stats = {}

local function count(org, word, by)
    local words = stats[org]
    if not words then
        words = {}
        stats[org] = words
    end
    words[word] = (words[word] or 0) + by
end

-- pcall: what cannot be counted must not stop, half-way, what is counted.
local function write_stats(prefix)
    for org, words in pairs(stats) do
        for word, by in pairs(words) do
            if by ~= 0 then
                redis.pcall('HINCRBY', prefix .. org, word, by)
            end
        end
    end
end
