-- What XINFO GROUPS says of one group, by name; nil when the stream or the group is absent.
local function group_info(stream, group)
    local groups = redis.pcall('XINFO', 'GROUPS', stream)
    for i = 1, #groups do
        local row, info = groups[i], {}
        for k = 1, #row, 2 do
            info[row[k]] = row[k + 1]
        end
        if info.name == group then
            return info
        end
    end
end
