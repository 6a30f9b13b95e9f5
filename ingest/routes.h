/*
 * routes.h - the one table of routes: from it come the router, 404 and 405, the authorisation, the
 * body limits, the metrics' labels and the OpenAPI document
 */
#pragma once

#include "base/bytes.h"
#include "route.h"

#define ALLOW_MAX 64

/* NULL when the path is none of ours (then *out_allow is ""), or it is and the method is not (then
 * *out_allow names those that are). out_id: what stands for {id}, else empty. */
const struct route *routes_find(struct slice method, struct slice path, struct slice *out_id,
                                char out_allow[ALLOW_MAX]);

size_t routes_count(void);
const struct route *routes_at(size_t index);

/* The metric label of a route; NULL: of requests for none of ours. */
size_t routes_label(const struct route *route);

/* Fills route_labels. */
void routes_init(void);
