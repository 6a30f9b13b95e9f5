/*
 * endpoints_pause.c - POST /api/endpoints/{id}/pause and /resume
 *
 * The job that lets go of what is held is made before the endpoint is resumed: it waits while the
 * endpoint is paused, and a crash between the two leaves nothing that is held for ever. A lane that
 * goes on by itself, because of a rate limit or an order, is woken behind the resuming.
 */
#include <string.h>

#include "../job.h"
#include "api.h"
#include "endpoint_change.h"
#include "endpoint_find.h"
#include "endpoint_json.h"

struct resuming {
    struct call *call;
    struct endpoint endpoint; /* its ids */
    bool has_lane;
};

static void set_paused(struct call *call, const struct endpoint *endpoint, bool paused)
{
    struct endpoint_fields fields;
    endpoint_fields_init(&fields);
    endpoint_fields_add(&fields, "paused", slice_of(paused ? "1" : "0"));
    endpoint_change(call, endpoint, CONFIGURE_REDUCE,
                    paused ? "endpoint.paused" : "endpoint.resumed", (struct slice){0}, &fields,
                    endpoint_show_changed, call);
    endpoint_fields_fini(&fields);
}

static void pause(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                  void *self)
{
    (void)self;
    if (endpoint->paused)
        endpoint_answer(call, 200, endpoint, failing_since_ms, NULL);
    else
        set_paused(call, endpoint, true);
}

static void on_job(enum status status, const char *job_id, void *self)
{
    struct resuming *resuming = self;
    (void)job_id;
    if (status != STATUS_OK) {
        call_answer_store_failed(resuming->call, status);
        return;
    }
    set_paused(resuming->call, &resuming->endpoint, false);
    if (resuming->has_lane)
        endpoint_release(resuming->call, &resuming->endpoint);
}

static void resume(struct call *call, const struct endpoint *endpoint, int64_t failing_since_ms,
                   void *self)
{
    struct resuming *resuming = self;
    const struct slice fields[] = {SLICE("endpoint"), slice_of(endpoint->id)};
    if (!endpoint->paused) {
        endpoint_answer(call, 200, endpoint, failing_since_ms, NULL);
        return;
    }
    resuming->has_lane = endpoint_has_lane(endpoint);
    memcpy(resuming->endpoint.id, endpoint->id, sizeof endpoint->id);
    memcpy(resuming->endpoint.org, endpoint->org, sizeof endpoint->org);
    job_create(call, slice_of(endpoint->org), "release", fields, 2, on_job, resuming);
}

void api_endpoint_pause(struct call *call)
{
    endpoint_find(call, pause, NULL, NULL);
}

void api_endpoint_resume(struct call *call)
{
    struct resuming *resuming = http_request_alloc(call->http, sizeof *resuming);
    *resuming = (struct resuming){.call = call};
    endpoint_find(call, resume, NULL, resuming);
}
