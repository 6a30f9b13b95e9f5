/*
 * tally.h - what the receiver knows of the webhooks that came: each once, how late, and what came too often
 */
#pragma once

#include "histogram.h"
#include "ledger.h"
#include "progress.h"

struct tally_options {
    uint64_t events;        /* sequence numbers are below it */
    uint64_t hooks;         /* targets end in /0 to /(hooks - 1), each of which gets every event */
    struct slice seq, sent; /* what stands before the two numbers in a body */
    const char *report;     /* path; the bits go to the same path with .bits */
    struct progress *progress;
};

struct tally {
    struct tally_options options;
    struct ledger ledger; /* number hook * events + sequence number */
    struct histogram late_us;
    uint64_t requests, without_seq;
    int64_t first_us, last_us;
    int64_t cpu_before_us;
};

void tally_init(struct tally *tally, const struct tally_options *options);
void tally_fini(struct tally *tally);
void tally_note(struct tally *tally, struct slice target, struct slice body, int64_t now_us);

/* Writes both files and starts again from nothing. */
void tally_report(struct tally *tally);
