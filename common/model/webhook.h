/*
 * webhook.h - the body of an outgoing webhook: {"id":…,"type":…,"timestamp":…,"data":…}
 *
 * What came as a CloudEvent has its attributes behind the data: "cloudevent":{…}.
 * The same bytes for every endpoint and on every attempt: made from the log's entry alone.
 */
#pragma once

#include "../base/bytes.h"
#include "../base/clock.h"

/* When an event occurred, in RFC 3339: time, which its sender told, or, where that is empty, when
 * it was taken in: the ms of its id. Written into room when it is not time itself. */
struct slice webhook_timestamp(struct slice time, uint64_t taken_in_ms,
                               char room[CLOCK_RFC3339_LEN + 1]);

/* id: a valid id of an event. time is RFC 3339 text or empty, as above; id, type and time need no
 * escaping by their syntax; data and ce are JSON texts, copied as they are. ce: empty unless it came
 * as a CloudEvent. */
void webhook_body(struct buf *out, struct slice id, struct slice type, struct slice time,
                  struct slice data, struct slice ce);
