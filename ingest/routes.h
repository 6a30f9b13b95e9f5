/*
 * routes.h - the one table of routes: from it come the router, 404 and 405, the authorisation and the body limits
 */
#pragma once

#include "call.h"

enum body_limit {
    BODY_NONE,
    BODY_SMALL, /* a document of configuration: 64 KiB */
    BODY_EVENT, /* setting max_body */
    BODY_BATCH, /* eight times max_body, at most */
};

struct route {
    const char *method;
    const char *path;
    const char *scope; /* NULL: open to all; "" : any valid key; "admin": only the admin token */
    bool admin_too;    /* the admin token may use it as well */
    enum body_limit body;
    bool logs_itself;
    void (*handle)(struct call *call);
};

extern const struct route routes[];
extern const size_t routes_count;

/* NULL when the path is none of ours, or it is and the method is not: then *out_allow (static) names those that are. */
const struct route *routes_find(struct slice method, struct slice path, const char **out_allow);

/* For the metric's label: "POST /api/events", … and "other" for NULL. */
extern const char *const route_names[];
size_t routes_metric_index(const struct route *route);
