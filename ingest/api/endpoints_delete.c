/*
 * endpoints_delete.c - DELETE /api/endpoints/{id}
 *
 * Deliveries that wait, or are ready, end as dead when their turn comes. Those that are held while it is paused
 * have none: a job makes them ready, and it is made first, so that a crash leaves none of them behind. A lane that
 * goes on by itself does so at once.
 */
#include <string.h>

#include "io/redis.h"
#include "../job.h"
#include "../state.h"
#include "api.h"
#include "endpoint_change.h"
#include "endpoint_find.h"

struct deletion {
    struct call *call;
    struct endpoint endpoint; /* its ids */
    bool has_lane;
};

static void send(struct redis *redis, const char *verb, const struct key *key, const char *field)
{
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, verb);
    redis_command_arg(&command, key_slice(key));
    if (field)
        redis_command_text(&command, field);
    redis_send(redis, &command, NULL, NULL);
    redis_command_fini(&command);
}

static void on_removed(enum status status, void *self)
{
    struct deletion *deletion = self;
    struct call *call = deletion->call;
    struct store *store = service_store(call->ingest->service);
    uint32_t partition = partition_of(slice_of(deletion->endpoint.org), store_partitions(store));
    struct key history = key_of_id(partition, KEY_HISTORY, slice_of(deletion->endpoint.id));
    struct key turn = key_of_id(partition, KEY_TURN, slice_of(deletion->endpoint.id));
    struct key rate = key_of_id(partition, KEY_RATE, slice_of(deletion->endpoint.id));
    struct key failing = key_of(partition, KEY_FAILING);
    if (status != STATUS_OK) {
        endpoint_change_failed(call, status);
        return;
    }
    send(store_redis(store), "UNLINK", &history, NULL);
    send(store_redis(store), "UNLINK", &turn, NULL);
    send(store_redis(store), "UNLINK", &rate, NULL);
    send(store_redis(store), "HDEL", &failing, deletion->endpoint.id);
    call_answer_json(call, 204, (struct slice){0});
}

static void remove_endpoint(struct deletion *deletion)
{
    struct endpoint_fields none;
    endpoint_fields_init(&none);
    endpoint_change(deletion->call, &deletion->endpoint, CONFIGURE_REMOVE, "endpoint.deleted",
                    (struct slice){0}, &none, on_removed, deletion);
    if (deletion->has_lane)
        endpoint_release(deletion->call, &deletion->endpoint);
}

static void on_job(enum status status, const char *job_id, void *self)
{
    struct deletion *deletion = self;
    (void)job_id;
    if (status == STATUS_OK)
        remove_endpoint(deletion);
    else
        call_answer_store_failed(deletion->call, status);
}

static void begin(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                  void *self)
{
    struct deletion *deletion = self;
    (void)failing_since_ms;
    memcpy(deletion->endpoint.id, endpoint->id, sizeof endpoint->id);
    memcpy(deletion->endpoint.org, endpoint->org, sizeof endpoint->org);
    deletion->has_lane = endpoint_has_lane(endpoint);
    if (endpoint->paused) {
        const struct slice fields[] = {SLICE("endpoint"), slice_of(endpoint->id)};
        job_create(call, slice_of(endpoint->org), "release", fields, 2, on_job, deletion);
    } else {
        remove_endpoint(deletion);
    }
}

void api_endpoint_delete(struct call *call)
{
    struct deletion *deletion = http_request_alloc(call->http, sizeof *deletion);
    *deletion = (struct deletion){.call = call};
    endpoint_find(call, begin, NULL, deletion);
}
