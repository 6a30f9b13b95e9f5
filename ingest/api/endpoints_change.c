/*
 * endpoints_change.c - PATCH /api/endpoints/{id}
 *
 * Only what the request names is written, so that two changes at once that name other members both hold.
 */
#include "io/redis.h"
#include "../content_type.h"
#include "../state.h"
#include "api.h"
#include "endpoint_change.h"
#include "endpoint_find.h"
#include "endpoint_json.h"

#define DETAIL_MAX 256
#define OF_LANE (1U << ENDPOINT_RATE_LIMIT | 1U << ENDPOINT_ORDERED | 1U << ENDPOINT_DISABLED)

struct change {
    struct endpoint *values; /* freed before the answer */
    unsigned given;
};

static void on_refused(void *self)
{
    struct change *change = self;
    endpoint_free(&change->values);
}

/* Its failures begin anew. */
static void forgive(struct call *call, const struct endpoint *endpoint)
{
    struct store *store = service_store(call->ingest->service);
    struct key failing =
        key_of(partition_of(slice_of(endpoint->org), store_partitions(store)), KEY_FAILING);
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "HDEL");
    redis_command_arg(&command, key_slice(&failing));
    redis_command_text(&command, endpoint->id);
    redis_send(store_redis(store), &command, NULL, NULL);
    redis_command_fini(&command);
}

/* The names of what is changed, for the audit. */
static void write_detail(const struct endpoint_fields *fields, struct buf *out)
{
    for (size_t i = 0; i < fields->count; i += 2) {
        if (i > 0)
            buf_add_char(out, ' ');
        buf_add_slice(out, fields->at[i]);
    }
}

/* Nothing but that it is disabled. */
static bool is_reduction(const struct change *change)
{
    return change->given == 1U << ENDPOINT_DISABLED && change->values->disabled;
}

static void apply(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                  void *self)
{
    struct change *change = self;
    struct endpoint_fields fields;
    struct buf detail;
    if (change->values->disabled == endpoint->disabled)
        change->given &= ~(1U << ENDPOINT_DISABLED); /* its reason stays, too */
    if (change->given == 0) {
        on_refused(change);
        endpoint_answer(call, 200, endpoint, failing_since_ms, NULL);
        return;
    }
    if ((change->given & 1U << ENDPOINT_DISABLED) != 0 && endpoint->disabled)
        forgive(call, endpoint);
    endpoint_fields_init(&fields);
    endpoint_fields_members(&fields, change->values, change->given);
    buf_init(&detail, DETAIL_MAX);
    write_detail(&fields, &detail);
    endpoint_change(call, endpoint, is_reduction(change) ? CONFIGURE_REDUCE : CONFIGURE_CHANGE,
                    "endpoint.updated", buf_slice(&detail), &fields, endpoint_show_changed, call);
    if ((change->given & OF_LANE) != 0)
        endpoint_release(call, endpoint);
    buf_fini(&detail);
    endpoint_fields_fini(&fields);
    on_refused(change);
}

void api_endpoint_patch(struct call *call)
{
    static const char *const types[] = {"application/json", "application/merge-patch+json", NULL};
    struct slice type;
    struct problem problem;
    struct change *change = http_request_alloc(call->http, sizeof *change);
    *change = (struct change){.given = 0};
    if (content_type_expect(call, types, &type) != STATUS_OK)
        return;
    if (endpoint_parse_patch(call->http->body, &change->values, &change->given, &problem) !=
        STATUS_OK)
        call_answer_refused(call, &problem);
    else
        endpoint_find(call, apply, on_refused, change);
}
