-- The entry of the log that an event's id names: "ms-seq" (common/model/ids.c has the form), and
-- its fields by name when it is there and the organization's. What has nothing to say is ''.
local VALUES = {}
for value = 0, 31 do
    VALUES[string.byte('0123456789abcdefghjkmnpqrstvwxyz', value + 1)] = value
end

local function base32_number(text, from, to)
    local number = 0
    for i = from, to do
        number = number * 32 + VALUES[string.byte(text, i)]
    end
    return number
end

local function entry_of(event)
    return string.format('%.0f-%.0f', base32_number(event, 5, 14), base32_number(event, 15, 21))
end

local function log_fields(events, id, org)
    local found = call('XRANGE', events, id, id)[1]
    local fields = {key = '', dedup = '', trace = '', request = '', time = '', after = '', to = '',
                    ce = ''}
    for i = 1, found and #found[2] or 0, 2 do
        fields[found[2][i]] = found[2][i + 1]
    end
    return fields.org == org and fields or nil
end

local function log_entry(events, event, org)
    return log_fields(events, entry_of(event), org)
end
