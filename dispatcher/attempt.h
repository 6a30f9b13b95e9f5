/*
 * attempt.h - one attempt of a delivery, from its body to its result
 *
 * The body travels in the delivery or is made from the log. Signed for this moment, sent once, judged by outcome and retry; the line in the
 * log and the metrics of an attempt are written here.
 */
#pragma once

#include "delivery.h"
#include "disabler.h"
#include "endpoint_book.h"
#include "event_book.h"
#include "http_client.h"
#include "retry.h"

struct attempt_options {
    struct http_client *client; /* these three are borrowed */
    struct event_book *events;
    struct disabler *disabler;
    struct retry_policy policy; /* an endpoint's own schedule goes before its schedule */
    int64_t total_timeout_ms;
};

struct attempts;
struct attempts *attempts_new(const struct attempt_options *options);
void attempts_free(struct attempts **attempts); /* after the client and the books */

/* STATUS_OK: delivery->result is filled. Else nothing was sent, because its body could not be read now. */
typedef void (*attempt_fn)(struct delivery *delivery, enum status status, void *self);

/* delivery stays its lane's. *endpoint (of a record whose secret is open) is taken. fn exactly once, never before this returns. */
void attempt_start(struct attempts *attempts, struct delivery *delivery,
                   struct cache_value **endpoint, attempt_fn fn, void *self);
