#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/must.h"

static const struct route routes[] = {
    {"POST", "/api/events", "events:write", false, BODY_EVENT, true, api_events_post, "", "events",
     "Post an event", "Event", 202, "Accepted", "200 413 415"},
    {"POST", "/api/events/batch", "events:write", false, BODY_BATCH, true, api_events_batch_post,
     "", "events", "Post up to 1,000 events", "EventBatch", 202, "BatchAccepted", "413 415"},
    {"GET", "/api/events", "events:read", false, BODY_NONE, false, api_events_list,
     "limit cursor type since until", "events", "List events", NULL, 200, "EventList", ""},
    {"GET", "/api/events/{id}", "events:read", false, BODY_NONE, false, api_event_get, "", "events",
     "Show an event and its deliveries", NULL, 200, "EventDetail", "404"},
    {"GET", "/api/deliveries", "deliveries:read", false, BODY_NONE, false, api_deliveries_list,
     "limit cursor status endpoint event", "deliveries", "List deliveries", NULL, 200,
     "DeliveryList", ""},
    {"GET", "/api/deliveries/{id}", "deliveries:read", false, BODY_NONE, false, api_delivery_get,
     "", "deliveries", "Show a delivery and its attempts", NULL, 200, "DeliveryDetail", "404"},
    {"POST", "/api/deliveries/{id}/retry", "deliveries:write", false, BODY_NONE, false,
     api_delivery_retry, "", "deliveries", "Send a delivery again, now", NULL, 202,
     "DeliveryRetried", "404 409"},
    {"GET", "/api/dlq", "dlq:read", false, BODY_NONE, false, api_dlq_list,
     "limit cursor endpoint type reason since until", "dlq", "List dead letters", NULL, 200,
     "DeadLetterList", ""},
    {"GET", "/api/dlq/{id}", "dlq:read", false, BODY_NONE, false, api_dlq_get, "", "dlq",
     "Show a dead letter", NULL, 200, "DeadLetter", "404"},
    {"POST", "/api/dlq/replay", "dlq:write", false, BODY_SMALL, false, api_dlq_replay, "", "dlq",
     "Send dead letters again: by ids, or all that a filter takes, as a job", "DeadLetterChoice",
     200, "DeadLettersReplayed", "202 409 413 415"},
    {"POST", "/api/dlq/purge", "dlq:write", false, BODY_SMALL, false, api_dlq_purge, "", "dlq",
     "Throw dead letters away: by ids, or all that a filter takes, as a job", "DeadLetterChoice",
     200, "DeadLettersPurged", "202 409 413 415"},
    {"POST", "/api/organizations", "admin", true, BODY_SMALL, false, api_organizations_post, "",
     "organizations", "Create an organization", "OrganizationRequest", 201, "Organization",
     "413 415"},
    {"DELETE", "/api/organizations/{id}", "admin", true, BODY_NONE, false, api_organization_delete,
     "", "organizations", "Delete an organization and all that it has", NULL, 202, "JobCreated",
     "404"},
    {"POST", "/api/keys", "keys:write", true, BODY_SMALL, false, api_keys_post, "organization",
     "keys", "Create an API key", "KeyRequest", 201, "NewKey", "413 415"},
    {"POST", "/api/endpoints", "endpoints:write", true, BODY_SMALL, false, api_endpoints_post,
     "organization", "endpoints", "Create an endpoint", "EndpointRequest", 201, "NewEndpoint",
     "413 415"},
    {"POST", "/api/endpoints/{id}/replay", "endpoints:write", true, BODY_SMALL, false,
     api_endpoints_replay, "organization", "endpoints", "Replay deliveries of a past time",
     "ReplayRequest", 202, "JobCreated", "404 409 413 415"},
    {"GET", "/api/jobs", "deliveries:read", true, BODY_NONE, false, api_jobs_get,
     "limit cursor organization", "jobs", "List jobs", NULL, 200, "JobList", ""},
    {"GET", "/api/jobs/{id}", "deliveries:read", true, BODY_NONE, false, api_job_get,
     "organization", "jobs", "Show a job", NULL, 200, "Job", "404"},
    {"POST", "/api/jobs/{id}/cancel", "deliveries:write", true, BODY_NONE, false, api_job_cancel,
     "organization", "jobs", "Cancel a job", NULL, 200, "Job", "404 409"},
    {"GET", "/health/live", NULL, true, BODY_NONE, false, api_health_live, "", "health",
     "Whether the process runs", NULL, 200, "Live", ""},
    {"GET", "/health/ready", NULL, true, BODY_NONE, false, api_health_ready, "", "health",
     "Whether it takes work", NULL, 200, "Ready", "503"},
};
#define COUNT (sizeof routes / sizeof routes[0])

static bool method_fits(const struct route *route, struct slice method)
{
    return slice_is(method, route->method) ||
           (slice_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

static void add_allowed(char allow[ALLOW_MAX], const char *method)
{
    size_t len = strlen(allow);
    snprintf(allow + len, ALLOW_MAX - len, "%s%s", len > 0 ? ", " : "",
             strcmp(method, "GET") == 0 ? "GET, HEAD" : method);
}

const struct route *routes_find(struct slice method, struct slice path, struct slice *out_id,
                                char out_allow[ALLOW_MAX])
{
    out_allow[0] = '\0';
    for (size_t i = 0; i < COUNT; i++) {
        struct slice id = {0};
        if (!route_fits(&routes[i], path, &id))
            continue;
        if (method_fits(&routes[i], method)) {
            *out_id = id;
            return &routes[i];
        }
        add_allowed(out_allow, routes[i].method);
    }
    return NULL;
}

size_t routes_count(void)
{
    return COUNT;
}

const struct route *routes_at(size_t index)
{
    must(index < COUNT);
    return &routes[index];
}

size_t routes_label(const struct route *route)
{
    return route ? (size_t)(route - routes) : COUNT;
}

static char label_texts[COUNT][64];
const char *route_labels[COUNT + 2];

void routes_init(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(label_texts[i], sizeof label_texts[i], "%s %s", routes[i].method, routes[i].path);
        route_labels[i] = label_texts[i];
    }
    route_labels[COUNT] = "other";
}
