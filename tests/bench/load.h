/*
 * load.h - sends requests on a schedule and keeps the books of what was answered
 *
 * Open loop (rate > 0): request i is due at start + i / rate whatever the answers do, and its latency
 * counts from there. Closed loop (rate 0): each connection sends when it has an answer. A window bounds
 * the events that were sent and have not come out at the receiver's end since the load began. The order of
 * requests over connections is round robin.
 * Each connection goes through the scenario by itself, the first from the first call on, the second from the second.
 * Fails:  ends the program when it cannot connect; what a server refuses or cuts off is counted.
 */
#pragma once

#include "histogram.h"
#include "ledger.h"
#include "net.h"
#include "progress.h"
#include "scenario.h"

#define LOAD_PIPELINE_MAX 64

struct load_options {
    const struct url *url;
    struct scenario *scenario;           /* gets the routes' figures */
    struct slice open, separator, close; /* around and between the items of a body */
    const struct slice *values;          /* NULL for none */
    size_t values_count;
    uint64_t modulus; /* of {mod}; 1 or more */
    size_t connections, pipeline;
    size_t batch;
    double rate;                   /* events per second; 0: closed loop */
    uint64_t first;                /* sequence number */
    uint64_t count;                /* events; a multiple of batch */
    int64_t for_us;                /* no request is started later than that; 0: no such bound */
    uint64_t window;               /* 0: none */
    uint64_t fan_out;              /* of the receiver's count */
    const struct progress *follow; /* the receiver's; NULL without a window */
    struct progress *progress;
    const char
        *record; /* member of every answer that goes, a line each, to record_to; NULL for none */
    struct buf *record_to;
};

struct load_result {
    uint64_t sent, refused, unsure; /* events; accepted ones are in the ledger */
    uint64_t requests;
    uint64_t statuses[6]; /* by hundreds; 0: none came */
    uint64_t reconnects;
    int64_t began_us, ended_us; /* first request started, last answer came */
    struct ledger accepted, unsure_ones;
    struct histogram answer_us;
    char first_refusal[256];
};

struct load;
struct load *load_new(const struct load_options *options);
void load_free(struct load **load);

/* Until all is answered or given up, after 15 s without an answer. Connections stay open until load_free. */
void load_run(struct load *load);
const struct load_result *load_result(const struct load *load);
