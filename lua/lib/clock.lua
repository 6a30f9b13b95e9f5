-- Redis's time in us and in ms, or the override unless it is ''.
local function now_us(override)
    if override ~= '' then
        return tonumber(override)
    end
    local time = call('TIME')
    return time[1] * 1000000 + time[2]
end

local function now_ms(override)
    return override ~= '' and tonumber(override) or math.floor(now_us('') / 1000)
end

-- Lua writes large numbers as 1.7e+12; Redis wants digits. Of whole numbers: %.0f costs twice that.
local function digits(number)
    return string.format('%d', number)
end
