#include "routes.h"

#include <string.h>

#include "api/api.h"

static const struct route routes[] = {
    {ROUTE_EVENTS_POST, "POST", "/api/events", "events:write", false, BODY_EVENT, true,
     api_events_post},
    {ROUTE_EVENTS_BATCH_POST, "POST", "/api/events/batch", "events:write", false, BODY_BATCH, true,
     api_events_batch_post},
    {ROUTE_ORGANIZATIONS_POST, "POST", "/api/organizations", "admin", true, BODY_SMALL, false,
     api_organizations_post},
    {ROUTE_KEYS_POST, "POST", "/api/keys", "keys:write", true, BODY_SMALL, false, api_keys_post},
    {ROUTE_ENDPOINTS_POST, "POST", "/api/endpoints", "endpoints:write", true, BODY_SMALL, false,
     api_endpoints_post},
    {ROUTE_HEALTH_LIVE, "GET", "/health/live", NULL, true, BODY_NONE, false, api_health_live},
    {ROUTE_HEALTH_READY, "GET", "/health/ready", NULL, true, BODY_NONE, false, api_health_ready},
};
#define COUNT (sizeof routes / sizeof routes[0])

static bool method_fits(const struct route *route, struct slice method)
{
    return slice_is(method, route->method) ||
           (slice_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

const struct route *routes_find(struct slice method, struct slice path, const char **out_allow)
{
    *out_allow = NULL;
    for (size_t i = 0; i < COUNT; i++) {
        if (!slice_is(path, routes[i].path))
            continue;
        if (method_fits(&routes[i], method))
            return &routes[i];
        *out_allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
    }
    return NULL;
}
