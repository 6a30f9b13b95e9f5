-- Whether one id of a stream is behind another; neither when one of them is no id.
local function is_after(a, b)
    local a_ms, a_seq = string.match(a, '^(%d+)%-(%d+)$')
    local b_ms, b_seq = string.match(b, '^(%d+)%-(%d+)$')
    if not a_ms or not b_ms then
        return false
    end
    a_ms, b_ms = tonumber(a_ms), tonumber(b_ms)
    return a_ms > b_ms or a_ms == b_ms and tonumber(a_seq) > tonumber(b_seq)
end
