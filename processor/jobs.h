/*
 * jobs.h - the jobs of one partition go on, step by step
 *
 * A timer for the earliest job that is known; a jittered sweep every 5 s is the truth behind it. A step
 * is one call of the kind's script, which moves the job's cursor with the work it does: any number of
 * processors may step one job. Cost when idle: one command per sweep.
 * Fails:  never; a job whose script answers an error is tried again every 5 s, and logged.
 */
#pragma once

#include "io/config_feed.h"

struct jobs;
struct jobs *jobs_new(struct loop *loop, struct redis *redis, uint32_t partition,
                      int64_t retention_ms); /* for which finished ones are kept */
void jobs_free(struct jobs **jobs);          /* after its connection */
void jobs_start(struct jobs *jobs);
void jobs_stop(struct jobs *jobs);

/* A job was made, or changes were missed. */
void jobs_config_changed(struct jobs *jobs, const struct config_change *change);
