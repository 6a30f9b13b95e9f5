/*
 * scenario.h - the calls that every connection makes, one after the other, over and over
 *
 * As text a line each: NAME KEEP METHOD TARGET [BODY]. Lines of one name are counted together, as a route.
 * KEEP is the member of the answer that the connection keeps, "-" for none: {kept} in its next call that has
 * it, which uses it up. While nothing is kept, such a call is passed over.
 */
#pragma once

#include "histogram.h"
#include "request_template.h"

#define SCENARIO_CALLS_MAX 64

struct scenario_route {
    struct slice name;
    uint64_t refused;
    struct histogram answer_us;
};

struct scenario_call {
    size_t route;
    char *keep, *head_text; /* keep: NULL for none */
    bool needs_kept;
    struct request_template
        head; /* start line and fields, without Content-Length and the empty line */
    struct request_template item; /* of the body */
};

struct scenario {
    size_t calls_count, routes_count;
    struct scenario_call calls[SCENARIO_CALLS_MAX];
    struct scenario_route routes[SCENARIO_CALLS_MAX];
};

/* fields: of every head, a line each. Borrows name and body. STATUS_LIMIT: too many calls, or places in one. */
enum status scenario_add(struct scenario *scenario, struct slice name, struct slice keep,
                         struct slice start, struct slice fields, struct slice body) must_check;

/* Borrows lines. STATUS_INVALID also when no call can be the first. */
enum status scenario_parse(struct scenario *scenario, struct slice lines,
                           struct slice fields) must_check;
void scenario_fini(struct scenario *scenario);

/* The first call from that number on, and round, that can be made. */
size_t scenario_next(const struct scenario *scenario, size_t from, bool is_kept);

/* An answer to it: a status that is no 2xx counts as refused. */
void scenario_note(struct scenario *scenario, size_t call, int status, uint64_t took_us);

/* {"<route>":{"refused":…,"answer_us":…},…} */
void scenario_json(const struct scenario *scenario, struct buf *out);
