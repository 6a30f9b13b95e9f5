/*
 * webhook.c - the body of an outgoing webhook
 */
#include "webhook.h"

#include "../base/must.h"
#include "ids.h"

struct slice webhook_timestamp(struct slice time, uint64_t taken_in_ms,
                               char room[CLOCK_RFC3339_LEN + 1])
{
    if (time.len > 0)
        return time;
    clock_rfc3339((int64_t)taken_in_ms, room);
    return (struct slice){room, CLOCK_RFC3339_LEN};
}

void webhook_body(struct buf *out, struct slice id, struct slice type, struct slice time,
                  struct slice data, struct slice ce)
{
    char room[CLOCK_RFC3339_LEN + 1];
    struct event_id event;

    must(event_id_parse(id, &event) == STATUS_OK);
    buf_add_text(out, "{\"id\":\"");
    buf_add_slice(out, id);
    buf_add_text(out, "\",\"type\":\"");
    buf_add_slice(out, type);
    buf_add_text(out, "\",\"timestamp\":\"");
    buf_add_slice(out, webhook_timestamp(time, event.entry.ms, room));
    buf_add_text(out, "\",\"data\":");
    buf_add_slice(out, data);
    if (ce.len > 0) {
        buf_add_text(out, ",\"cloudevent\":");
        buf_add_slice(out, ce);
    }
    buf_add_char(out, '}');
}
