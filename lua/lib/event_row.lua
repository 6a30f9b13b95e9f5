-- What a list says of an event: id, type, time or '' when its id tells it, key, dedup id, bytes of
-- its data and attributes, status and, of one that nobody got, why. pcall: a record that is
-- something else says nothing.
local function event_row(cursors, records, id, event, fields)
    local skipped = redis.pcall('HGET', records .. event, 'skipped')
    local is_processed = call('EXISTS', records .. event) == 1 and call('HEXISTS', cursors, id) == 0
    local is_skipped = type(skipped) == 'string'
    return {event, fields.type, fields.time, fields.key, fields.dedup,
            #fields.data + #fields.ce,
            is_skipped and 'skipped' or is_processed and 'processed' or 'accepted',
            is_skipped and skipped or ''}
end
