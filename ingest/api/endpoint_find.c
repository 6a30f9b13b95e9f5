#include "endpoint_find.h"

#include "base/log.h"
#include "model/keys.h"
#include "../org_scope.h"
#include "../state.h"
#include "endpoint_json.h"

#define SLICES_MAX 64

struct search {
    struct call *call;
    endpoint_found_fn fn;
    void (*refused)(void *self);
    void *self;
    const char *org;
    struct endpoint *endpoint; /* between the two answers */
    enum status status;
};

static void read_record(struct search *search, const struct redis_reply *reply)
{
    struct slice fields[SLICES_MAX];
    size_t count = redis_reply_slices(reply, fields, SLICES_MAX);
    if (count == 0) {
        search->status = STATUS_ABSENT;
        return;
    }
    search->status = endpoint_from_fields(fields, count, &search->endpoint);
    if (search->status != STATUS_OK)
        log_event(LOG_ERROR, "endpoint.unreadable", log_slice("endpoint", search->call->path_id));
    else if (!slice_is(slice_of(search->org), search->endpoint->org))
        search->status = STATUS_ABSENT;
}

static void on_record(enum status status, const struct redis_reply *reply, void *self)
{
    struct search *search = self;
    search->status = status == STATUS_CANCELLED ? STATUS_DOWN : status;
    if (status == STATUS_OK)
        read_record(search, reply);
}

static void on_refused(void *self)
{
    struct search *search = self;
    if (search->refused)
        search->refused(search->self);
}

static void on_failing(enum status status, const struct redis_reply *reply, void *self)
{
    struct search *search = self;
    struct call *call = search->call;
    struct endpoint *endpoint = search->endpoint; /* the search goes with the answer */
    if (search->status == STATUS_OK && status != STATUS_OK)
        search->status = status == STATUS_CANCELLED ? STATUS_DOWN : status;
    if (search->status == STATUS_OK) {
        search->fn(call, endpoint, redis_reply_int(reply), search->self);
    } else {
        on_refused(search);
        if (search->status == STATUS_ABSENT)
            call_answer_not_found(call);
        else
            call_answer_store_failed(call, search->status);
    }
    endpoint_free(&endpoint);
}

static void ask(struct redis *redis, const char *verb, const struct key *key, struct slice field,
                redis_reply_fn fn, struct search *search)
{
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, verb);
    redis_command_arg(&command, key_slice(key));
    if (field.len > 0)
        redis_command_arg(&command, field);
    redis_send(redis, &command, fn, search);
    redis_command_fini(&command);
}

static void find(struct call *call, const char *org, void *self)
{
    struct search *search = self;
    struct store *store = service_store(call->ingest->service);
    uint32_t partition = partition_of(slice_of(org), store_partitions(store));
    struct key record, failing = key_of(partition, KEY_FAILING);
    if (!other_id_is_valid(call->path_id, "ep_")) {
        on_refused(search);
        call_answer_not_found(call);
        return;
    }
    search->org = org;
    record = key_of_id(partition, KEY_ENDPOINT, call->path_id);
    ask(store_redis(store), "HGETALL", &record, (struct slice){0}, on_record, search);
    ask(store_redis(store), "HGET", &failing, call->path_id, on_failing, search);
}

void endpoint_find(struct call *call, endpoint_found_fn fn, void (*refused)(void *self), void *self)
{
    struct search *search = http_request_alloc(call->http, sizeof *search);
    *search = (struct search){.call = call, .fn = fn, .refused = refused, .self = self};
    org_scope_find(call, "", find, on_refused, search);
}

static void show(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                 void *self)
{
    (void)self;
    endpoint_answer(call, 200, endpoint, failing_since_ms, NULL);
}

void endpoint_show(struct call *call)
{
    endpoint_find(call, show, NULL, NULL);
}
