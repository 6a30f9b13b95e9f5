-- Of publish.lua, by its names: an entry of events, and one of its organization's list. -> its id

-- A field costs at every station of its way: one that has nothing to say is not there.
local function append_more(data, org, type, trace, request, time, key, dedup, after, to, ce)
    local fields = {'org', org, 'type', type}
    local function say(name, value)
        if value and value ~= '' then
            fields[#fields + 1], fields[#fields + 2] = name, value
        end
    end
    say('key', key) say('dedup', dedup) say('trace', trace) say('request', request)
    say('time', time) say('after', after) say('to', to) say('data', data) say('ce', ce)
    return call('XADD', events, '*', unpack(fields))
end

local function append(data, org, type, trace, request, time, key, dedup, after, to, ce)
    local is_plain = not key or key == '' and dedup == '' and after == '' and to == '' and ce == ''
    local id
    if is_plain and request == '' and time == '' then
        id = call('XADD', events, '*', 'org', org, 'type', type, 'trace', trace, 'data', data)
    else
        id = append_more(data, org, type, trace, request, time, key, dedup, after, to, ce)
    end
    -- pcall: what cannot be listed must not stop, half-way, what is accepted.
    redis.pcall('XADD', index_prefix .. org, id, 'type', type)
    return id
end
