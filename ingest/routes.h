/*
 * routes.h - the one table of routes: from it come the router, 404 and 405, the authorisation and
 * the body limits
 */
#pragma once

#include "base/bytes.h"
#include "route.h"

/* NULL when the path is none of ours, or it is and the method is not: then *out_allow (static)
 * names those that are. */
const struct route *routes_find(struct slice method, struct slice path, const char **out_allow);
