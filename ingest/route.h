/*
 * route.h - all that is known of a route: what its router, its authorisation, its limits and its
 * documentation are made from
 */
#pragma once

#include <stdbool.h>

#include "base/bytes.h"

struct call;

/* The values of the metrics' label, NULL-terminated; filled by routes_init. */
extern const char *route_labels[];

enum body_limit {
    BODY_NONE,  /* or {}, which some clients send by themselves: 1 KiB */
    BODY_SMALL, /* a document of configuration: 64 KiB */
    BODY_EVENT, /* setting max_body */
    BODY_BATCH, /* eight times max_body, at most */
};

struct route {
    const char *method;
    const char *path;  /* a segment {id} stands for any one segment */
    const char *scope; /* NULL: open to all; "" : any valid key; "admin": only the admin token */
    bool admin_too;    /* the admin token may use it as well */
    enum body_limit body;
    bool posts_events; /* which are counted against rate limits and logged one by one */
    void (*handle)(struct call *call);
    const char *query; /* parameters it takes, a space between; others are refused */

    /* For the documentation. Schemas are named in api/schemas.json. */
    const char *tag, *summary; /* tag NULL: not in it */
    const char *request;       /* schema of the body; NULL: none */
    int status;                /* when all is well */
    const char *response;      /* schema of the answer; NULL: without a body */
    /* Other statuses than those that come of the columns above. One below 400 has the response's
     * schema; "503=Ready" names another than Problem. */
    const char *problems;
};

/* out_id: what stands for {id}, when it fits and has one. */
bool route_fits(const struct route *route, struct slice path, struct slice *out_id);
