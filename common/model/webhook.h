/*
 * webhook.h - the body of an outgoing webhook: {"id":…,"type":…,"timestamp":…,"data":…}
 *
 * What came as a CloudEvent has its attributes behind the data: "cloudevent":{…}.
 * The same bytes for every endpoint and on every attempt: made from the log's entry alone.
 */
#pragma once

#include "../base/bytes.h"

/* timestamp is RFC 3339 text; id, type and timestamp need no escaping by their syntax; data and ce are JSON texts, copied as they are.
 * ce: empty unless it came as a CloudEvent. */
void webhook_body(struct buf *out, struct slice id, struct slice type, struct slice timestamp,
                  struct slice data, struct slice ce);
