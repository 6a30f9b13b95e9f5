-- Whose event it is and what brought it, in one line as records and entries have it:
-- "<org> <trace> <request>", with "-" where there is nothing to say.
local function origin_of(org, trace, request)
    return org .. ' ' .. (trace == '' and '-' or trace) .. ' ' .. (request == '' and '-' or request)
end

local function org_in(origin)
    return string.match(origin, '^%S*')
end
