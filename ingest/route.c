/*
 * route.c - which paths a route stands for
 */
#include "route.h"

bool route_fits(const struct route *route, struct slice path, struct slice *out_id)
{
    const char *template = route->path;
    size_t at = 0;
    while (*template) {
        if (*template != '{') { /* of "{id}" */
            if (at == path.len || path.at[at++] != *template ++)
                return false;
            continue;
        }
        size_t start = at;
        while (at < path.len && path.at[at] != '/')
            at++;
        if (at == start)
            return false;
        *out_id = (struct slice){path.at + start, at - start};
        template += 4;
    }
    return at == path.len;
}
