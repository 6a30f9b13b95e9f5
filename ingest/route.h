/*
 * route.h - what is known of a route before its handler runs
 */
#pragma once

#include <stdbool.h>

struct call;

/* In the order of route_names, the values of the metric's label. */
enum route_id {
    ROUTE_EVENTS_POST,
    ROUTE_EVENTS_BATCH_POST,
    ROUTE_ORGANIZATIONS_POST,
    ROUTE_KEYS_POST,
    ROUTE_ENDPOINTS_POST,
    ROUTE_HEALTH_LIVE,
    ROUTE_HEALTH_READY,
    ROUTE_OTHER, /* none of ours */
    ROUTES_COUNT
};
extern const char *const route_names[]; /* NULL-terminated */

enum body_limit {
    BODY_NONE,
    BODY_SMALL, /* a document of configuration: 64 KiB */
    BODY_EVENT, /* setting max_body */
    BODY_BATCH, /* eight times max_body, at most */
};

struct route {
    enum route_id id;
    const char *method;
    const char *path;
    const char *scope; /* NULL: open to all; "" : any valid key; "admin": only the admin token */
    bool admin_too;    /* the admin token may use it as well */
    enum body_limit body;
    bool logs_itself;
    void (*handle)(struct call *call);
};
