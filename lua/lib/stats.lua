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

local function write_stats(prefix)
    for org, words in pairs(stats) do
        for word, by in pairs(words) do
            call('HINCRBY', prefix .. org, word, by)
        end
    end
end
