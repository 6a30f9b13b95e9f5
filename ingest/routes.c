#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/must.h"

static const struct route routes[] = {
    {"POST", "/api/events", "events:write", false, BODY_EVENT, true, api_events_post, "", "events",
     "Post an event", "Event", 202, "Posted", "200=Accepted"},
    {"GET", "/api/events", "events:read", false, BODY_NONE, false, api_events_list,
     "limit cursor type since until", "events", "List events", NULL, 200, "EventList", ""},
    {"POST", "/api/events/batch", "events:write", false, BODY_BATCH, true, api_events_batch_post,
     "", "events", "Post up to 1,000 events", "EventBatch", 202, "BatchAccepted", ""},
    {"GET", "/api/events/{id}", "events:read", false, BODY_NONE, false, api_event_get, "", "events",
     "Show an event and its deliveries", NULL, 200, "EventDetail", ""},
    {"GET", "/api/inbox", "inbox:consume", false, BODY_NONE, false, api_inbox_get, "limit cursor",
     "inbox", "List what is not acknowledged, the oldest first", NULL, 200, "InboxList", ""},
    {"POST", "/api/inbox/lease", "inbox:consume", false, BODY_SMALL, false, api_inbox_lease, "",
     "inbox", "Lease events that nobody else has leased", "LeaseRequest", 200, "Lease", ""},
    {"POST", "/api/inbox/ack", "inbox:consume", false, BODY_SMALL, false, api_inbox_ack, "",
     "inbox", "Acknowledge events of a lease", "UnleaseRequest", 200, "Acked", ""},
    {"POST", "/api/inbox/release", "inbox:consume", false, BODY_SMALL, false, api_inbox_release, "",
     "inbox", "Release events of a lease, for others to lease", "UnleaseRequest", 200, "Released",
     ""},
    {"POST", "/api/endpoints", "endpoints:write", true, BODY_SMALL, false, api_endpoints_post,
     "organization", "endpoints", "Create an endpoint", "EndpointRequest", 201, "NewEndpoint", ""},
    {"GET", "/api/endpoints", "endpoints:read", true, BODY_NONE, false, api_endpoints_get,
     "organization limit cursor", "endpoints", "List endpoints, newest first", NULL, 200,
     "EndpointList", ""},
    {"GET", "/api/endpoints/{id}", "endpoints:read", true, BODY_NONE, false, api_endpoint_get,
     "organization", "endpoints", "Show an endpoint", NULL, 200, "Endpoint", ""},
    {"PATCH", "/api/endpoints/{id}", "endpoints:write", true, BODY_SMALL, false, api_endpoint_patch,
     "organization", "endpoints", "Change an endpoint", "EndpointPatch", 200, "Endpoint", ""},
    {"DELETE", "/api/endpoints/{id}", "endpoints:write", true, BODY_NONE, false,
     api_endpoint_delete, "organization", "endpoints", "Delete an endpoint", NULL, 204, NULL, ""},
    {"POST", "/api/endpoints/{id}/pause", "endpoints:write", true, BODY_NONE, false,
     api_endpoint_pause, "organization", "endpoints", "Hold deliveries to an endpoint back", NULL,
     200, "Endpoint", ""},
    {"POST", "/api/endpoints/{id}/resume", "endpoints:write", true, BODY_NONE, false,
     api_endpoint_resume, "organization", "endpoints", "Let deliveries to an endpoint go on", NULL,
     200, "Endpoint", ""},
    {"GET", "/api/endpoints/{id}/secret", "endpoints:secrets", true, BODY_NONE, false,
     api_endpoint_secret_get, "organization", "endpoints", "Show an endpoint's secret", NULL, 200,
     "EndpointSecret", ""},
    {"POST", "/api/endpoints/{id}/test", "endpoints:write", true, BODY_NONE, true,
     api_endpoint_test, "organization", "endpoints", "Send a test event to an endpoint", NULL, 202,
     "EndpointTest", "409"},
    {"POST", "/api/endpoints/{id}/replay", "endpoints:write", true, BODY_SMALL, false,
     api_endpoints_replay, "organization", "endpoints", "Replay deliveries of a past time",
     "ReplayRequest", 202, "JobCreated", "409"},
    {"POST", "/api/endpoints/{id}/secret/rotate", "endpoints:secrets", true, BODY_SMALL, false,
     api_endpoint_secret_rotate, "organization", "endpoints", "Replace an endpoint's secret",
     "EndpointSecretRotation", 200, "EndpointSecret", "409"},
    {"GET", "/api/deliveries", "deliveries:read", false, BODY_NONE, false, api_deliveries_list,
     "limit cursor status endpoint event", "deliveries", "List deliveries", NULL, 200,
     "DeliveryList", ""},
    {"GET", "/api/deliveries/{id}", "deliveries:read", false, BODY_NONE, false, api_delivery_get,
     "", "deliveries", "Show a delivery and its attempts", NULL, 200, "DeliveryDetail", ""},
    {"POST", "/api/deliveries/{id}/retry", "deliveries:write", false, BODY_NONE, false,
     api_delivery_retry, "", "deliveries", "Send a delivery again, now", NULL, 202,
     "DeliveryRetried", "409"},
    {"GET", "/api/dlq", "dlq:read", false, BODY_NONE, false, api_dlq_list,
     "limit cursor endpoint type reason since until", "dlq", "List dead letters", NULL, 200,
     "DeadLetterList", ""},
    {"POST", "/api/dlq/replay", "dlq:write", false, BODY_SMALL, false, api_dlq_replay, "", "dlq",
     "Send dead letters again: by ids, or all that a filter takes, as a job", "DeadLetterChoice",
     200, "DeadLettersReplayed", "202=JobCreated 409"},
    {"POST", "/api/dlq/purge", "dlq:write", false, BODY_SMALL, false, api_dlq_purge, "", "dlq",
     "Throw dead letters away: by ids, or all that a filter takes, as a job", "DeadLetterChoice",
     200, "DeadLettersPurged", "202=JobCreated 409"},
    {"GET", "/api/dlq/{id}", "dlq:read", false, BODY_NONE, false, api_dlq_get, "", "dlq",
     "Show a dead letter", NULL, 200, "DeadLetter", ""},
    {"GET", "/api/jobs", "deliveries:read", true, BODY_NONE, false, api_jobs_get,
     "limit cursor organization", "jobs", "List jobs", NULL, 200, "JobList", ""},
    {"GET", "/api/jobs/{id}", "deliveries:read", true, BODY_NONE, false, api_job_get,
     "organization", "jobs", "Show a job", NULL, 200, "Job", ""},
    {"POST", "/api/jobs/{id}/cancel", "deliveries:write", true, BODY_NONE, false, api_job_cancel,
     "organization", "jobs", "Cancel a job", NULL, 200, "Job", "409"},
    {"POST", "/api/keys", "keys:write", true, BODY_SMALL, false, api_keys_post, "organization",
     "keys", "Create an API key", "KeyRequest", 201, "NewKey", ""},
    {"GET", "/api/keys", "keys:write", true, BODY_NONE, false, api_keys_list,
     "organization limit cursor", "keys", "List API keys", NULL, 200, "KeyList", ""},
    {"DELETE", "/api/keys/{id}", "keys:write", true, BODY_NONE, false, api_keys_delete,
     "organization", "keys", "Revoke an API key", NULL, 204, NULL, ""},
    {"POST", "/api/keys/{id}/rotate", "keys:write", true, BODY_SMALL, false, api_keys_rotate,
     "organization", "keys", "Replace an API key", "RotationRequest", 201, "NewKey", "409"},
    {"GET", "/api/me", "", true, BODY_NONE, false, api_me_get, "", "keys", "Who asks", NULL, 200,
     "Me", ""},
    {"GET", "/api/audit", "audit:read", true, BODY_NONE, false, api_audit_list,
     "organization action target since until limit cursor", "audit", "List changes", NULL, 200,
     "AuditList", ""},
    {"POST", "/api/organizations", "admin", true, BODY_SMALL, false, api_organizations_post, "",
     "organizations", "Create an organization", "OrganizationRequest", 201, "Organization", ""},
    {"GET", "/api/organizations", "admin", true, BODY_NONE, false, api_organizations_list,
     "limit cursor", "organizations", "List organizations", NULL, 200, "OrganizationList", ""},
    {"GET", "/api/organizations/{id}", "admin", true, BODY_NONE, false, api_organizations_get, "",
     "organizations", "Show an organization", NULL, 200, "Organization", ""},
    {"PATCH", "/api/organizations/{id}", "admin", true, BODY_SMALL, false, api_organizations_patch,
     "", "organizations", "Change an organization", "OrganizationChange", 200, "Organization", ""},
    {"DELETE", "/api/organizations/{id}", "admin", true, BODY_NONE, false, api_organization_delete,
     "", "organizations", "Delete an organization and all that it has", NULL, 202, "JobCreated",
     ""},
    {"GET", "/health/live", NULL, true, BODY_NONE, false, api_health_live, "", "health",
     "Whether the process runs", NULL, 200, "Live", ""},
    {"GET", "/health/ready", NULL, true, BODY_NONE, false, api_health_ready, "", "health",
     "Whether it takes work", NULL, 200, "Ready", "503=Ready"},
    {"GET", "/api/openapi.json", NULL, true, BODY_NONE, false, api_openapi_get, "", "documentation",
     "This document", NULL, 200, "Document", ""},
    {"GET", "/api/docs", NULL, true, BODY_NONE, false, api_docs_get, "", "documentation",
     "A page that shows it", NULL, 200, "Page", ""},
    {"GET", "/api/docs/{id}", NULL, true, BODY_NONE, false, api_docs_asset_get, "", NULL, NULL,
     NULL, 200, NULL, ""},
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
    const char *fitting = NULL; /* the first that fits: a word stands before the {id} it could be */
    out_allow[0] = '\0';
    for (size_t i = 0; i < COUNT; i++) {
        struct slice id = {0};
        if ((fitting && strcmp(fitting, routes[i].path) != 0) || !route_fits(&routes[i], path, &id))
            continue;
        fitting = routes[i].path;
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
