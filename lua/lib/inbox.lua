-- The inbox of an organization: group inbox of its stream mr:{p}:events:<org>. What somebody leased
-- is pending for a consumer with the lease's name; what was released, or may be delivered only
-- later, for NOBODY. All of it has a place in zset mr:{p}:leases:<org>, by the ms from when on it
-- may be leased.
local INBOX, NOBODY = 'inbox', 'nobody'

-- The id, consumer, idle ms and lease count of a pending entry, of one consumer if given, or nil.
local function pending_row(stream, id, ...)
    return call('XPENDING', stream, INBOX, id, id, 1, ...)[1]
end

-- What the log has of an event, by name. Nothing when it is gone, or is for one endpoint only.
local function inbox_event(log, id)
    local event, entry = {}, call('XRANGE', log, id, id)[1] or {nil, {}}
    for i = 1, #entry[2], 2 do
        event[entry[2][i]] = entry[2][i + 1]
    end
    return event.data and (event.to or '') == '' and event
end

-- Eight results each.
local function add_event(results, id, lease_count, leased_until, event)
    for _, value in ipairs({id, lease_count, leased_until, event.type or '', event.key or '',
                            event.time or '', event.data, event.ce or ''}) do
        results[#results + 1] = value
    end
end

local function leave_inbox(stream, leases, id)
    call('XACK', stream, INBOX, id)
    call('ZREM', leases, id)
end

-- Names are the keys of a table. A lease ends with the last that it holds.
local function forget_leases(stream, names)
    for name in pairs(names) do
        if not call('XPENDING', stream, INBOX, '-', '+', 1, name)[1] then
            call('XGROUP', 'DELCONSUMER', stream, INBOX, name)
        end
    end
end
