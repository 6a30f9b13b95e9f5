/*
 * job.h - work that is too long for a request is handed to the processors
 *
 * A job is entered into the audit, written (job_create.lua), then announced; one whose announcement is
 * lost is found by the sweep of a processor. What it does: processor/jobs.h.
 */
#pragma once

#include "call.h"

/* OK; LIMIT: the organization has as many unfinished ones as it may; UNSURE: perhaps created; or
 * the store's status. */
typedef void (*job_created_fn)(enum status status, const char *job_id, void *self);

/* kind: static. fields: its parameters, name value name value …. Only jobs that clients ask for
 * count against the bound; those that follow a change made already are never refused it.
 * Those that free something (release, purge, forget) are made although Redis is full.
 * fn exactly once, never before this returns. */
void job_create(struct call *call, struct slice org, const char *kind, const struct slice *fields,
                size_t count, job_created_fn fn, void *self);

/* A job_created_fn, self the call: 202 {"job":…}, 409 too_many_jobs, or 503. */
void job_answer_created(enum status status, const char *job_id, void *self);
