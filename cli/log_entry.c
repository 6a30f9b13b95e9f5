/*
 * log_entry.c - an entry of the log of events as it is read back
 */
#include "log_entry.h"

#include "model/fields.h"
#include "model/webhook.h"

#define SLICES_MAX 64
#define MS_END (UINT64_C(1) << 50) /* what an event id can say */
#define SEQ_END (UINT64_C(1) << 35)

static const char *const names[LOG_FIELDS] = {
    [ORG] = "org",         [TYPE] = "type", [KEY] = "key",     [DEDUP] = "dedup", [TRACE] = "trace",
    [REQUEST] = "request", [TIME] = "time", [AFTER] = "after", [DATA] = "data",   [CE] = "ce",
};

enum status log_entry_read(const struct redis_reply *reply, uint32_t partition,
                           struct log_entry *out)
{
    struct slice slices[SLICES_MAX];
    size_t count = redis_reply_slices(redis_reply_at(reply, 1), slices, SLICES_MAX);
    struct stream_id entry;

    if (stream_id_parse(redis_reply_text(redis_reply_at(reply, 0)), &entry) != STATUS_OK ||
        entry.ms >= MS_END || entry.seq >= SEQ_END ||
        fields_pick(slices, count, names, LOG_FIELDS_ALWAYS, out->fields) != STATUS_OK ||
        fields_pick_some(slices, count, names + LOG_FIELDS_ALWAYS, LOG_FIELDS - LOG_FIELDS_ALWAYS,
                         out->fields + LOG_FIELDS_ALWAYS) != STATUS_OK)
        return STATUS_INVALID;
    out->event = (struct event_id){.entry = entry, .partition = partition};
    event_id_format(out->event, out->id);
    out->fields[REQUEST] = request_id_whole(out->fields[REQUEST], out->fields[TRACE], out->request);
    out->fields[TIME] = webhook_timestamp(out->fields[TIME], entry.ms, out->time);
    return STATUS_OK;
}
