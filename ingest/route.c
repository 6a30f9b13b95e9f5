#include "route.h"

#include <stddef.h>

const char *const route_names[] = {
    [ROUTE_EVENTS_POST] = "POST /api/events",
    [ROUTE_EVENTS_BATCH_POST] = "POST /api/events/batch",
    [ROUTE_ORGANIZATIONS_POST] = "POST /api/organizations",
    [ROUTE_KEYS_POST] = "POST /api/keys",
    [ROUTE_ENDPOINTS_POST] = "POST /api/endpoints",
    [ROUTE_HEALTH_LIVE] = "GET /health/live",
    [ROUTE_HEALTH_READY] = "GET /health/ready",
    [ROUTE_OTHER] = "other",
    [ROUTES_COUNT] = NULL,
};
