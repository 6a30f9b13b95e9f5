/*
 * cloudevent.h - events posted as CloudEvents 1.0 (cloudevents/spec: spec.md, formats/json-format.md,
 * bindings/http-protocol-binding.md)
 *
 * type is the event's type, time when it occurred, partitionkey its key, traceparent its trace where it is one, and source and id with
 * a space between its dedup id. data is JSON as it came; text of another type is a JSON string. All attributes are kept as the
 * event's ce: a JSON object, in the order of their names, with data_base64 for data that is neither, beside which data is null.
 * Fails:  as hook_event.h; a pointer is into the JSON format, whatever the event came in.
 */
#pragma once

#include "hook_event.h"

#define CLOUDEVENT_ID_MAX 1024
#define CLOUDEVENT_SOURCE_MAX 1024
#define CLOUDEVENT_ATTRIBUTES_MAX 100
#define CLOUDEVENT_BYTES_MAX 65536 /* of all attributes, as JSON, without data_base64 */

/* One in the JSON format. */
enum status event_parse_cloudevent(struct slice body, struct event_batch **out,
                                   struct problem *problem) must_check;

/* A JSON array of them, which may be empty; else as event_parse_json_array. */
enum status event_parse_cloudevent_array(struct slice body, size_t item_max,
                                         struct event_batch **out,
                                         struct problem *problem) must_check;

struct cloudevent_header {
    struct slice name; /* without "ce-", of any case */
    struct slice value;
};

/* One in binary mode: attributes in headers, data as the body. content_type: empty when there is none, which means JSON. A body of
 * no bytes is no data, and null. As JSON data has data_max bytes at the most, else 413 too_large. */
enum status event_parse_cloudevent_headers(const struct cloudevent_header *headers, size_t count,
                                           struct slice content_type, struct slice body,
                                           size_t data_max, struct event_batch **out,
                                           struct problem *problem) must_check;
