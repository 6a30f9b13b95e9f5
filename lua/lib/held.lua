-- What a reader is told of a delivery that is held: that its endpoint is paused, whatever it waited
-- for before; else when its lane goes on, as due has it.
local function told_of_held(due, endpoint_prefix, endpoint, state)
    local rest = string.match(state, '^waiting %S+ %-( .+)$')
    if not rest then
        return state
    elseif redis.pcall('HGET', endpoint_prefix .. endpoint, 'paused') == '1' then
        return 'waiting paused -' .. rest
    end
    local at_ms = redis.pcall('ZSCORE', due, endpoint)
    return type(at_ms) == 'string' and string.gsub(state, ' %- ', ' ' .. digits(at_ms) .. ' ', 1)
        or state
end
