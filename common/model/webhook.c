/*
 * webhook.c - the body of an outgoing webhook
 */
#include "webhook.h"

void webhook_body(struct buf *out, struct slice id, struct slice type, struct slice timestamp,
                  struct slice data, struct slice ce)
{
    buf_add_text(out, "{\"id\":\"");
    buf_add_slice(out, id);
    buf_add_text(out, "\",\"type\":\"");
    buf_add_slice(out, type);
    buf_add_text(out, "\",\"timestamp\":\"");
    buf_add_slice(out, timestamp);
    buf_add_text(out, "\",\"data\":");
    buf_add_slice(out, data);
    if (ce.len > 0) {
        buf_add_text(out, ",\"cloudevent\":");
        buf_add_slice(out, ce);
    }
    buf_add_char(out, '}');
}
