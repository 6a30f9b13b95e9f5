#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"

const struct route routes[] = {
    {"POST", "/api/events", "events:write", false, BODY_EVENT, true, api_events_post},
    {"POST", "/api/events/batch", "events:write", false, BODY_BATCH, true, api_events_batch_post},
    {"POST", "/api/organizations", "admin", true, BODY_SMALL, false, api_organizations_post},
    {"POST", "/api/keys", "keys:write", true, BODY_SMALL, false, api_keys_post},
    {"POST", "/api/endpoints", "endpoints:write", true, BODY_SMALL, false, api_endpoints_post},
    {"GET", "/health/live", NULL, true, BODY_NONE, false, api_health_live},
    {"GET", "/health/ready", NULL, true, BODY_NONE, false, api_health_ready},
};
const size_t routes_count = sizeof routes / sizeof routes[0];

/* In the order of the table. */
const char *const route_names[] = {"POST /api/events", "POST /api/events/batch", "POST /api/organizations",
                                   "POST /api/keys",   "POST /api/endpoints",    "GET /health/live",
                                   "GET /health/ready", "other", NULL};
_Static_assert(sizeof route_names / sizeof route_names[0] == sizeof routes / sizeof routes[0] + 2, "a name per route");

static bool method_fits(const struct route *route, struct slice method)
{
    return slice_is(method, route->method) || (slice_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

const struct route *routes_find(struct slice method, struct slice path, const char **out_allow)
{
    *out_allow = NULL;
    for (size_t i = 0; i < routes_count; i++) {
        if (!slice_is(path, routes[i].path))
            continue;
        if (method_fits(&routes[i], method))
            return &routes[i];
        *out_allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
    }
    return NULL;
}

size_t routes_metric_index(const struct route *route)
{
    return route ? (size_t)(route - routes) : routes_count;
}
