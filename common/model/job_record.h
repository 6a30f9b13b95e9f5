/*
 * job_record.h - a job as Redis keeps it, and as the API shows it
 *
 * Source of the form: lua/job_create.lua. Texts are borrowed.
 */
#pragma once

#include <stdint.h>

#include "json.h"

#define JOB_FIELDS_MAX 32

struct job_record {
    struct slice id, kind, org, state, error;
    int64_t done, skipped;
    int64_t created_at_ms, updated_at_ms, finished_at_ms; /* finished_at: -1 while it runs */
    /* Its parameters, empty: any. */
    struct slice endpoint, type, reason, status;
    int64_t since_ms, until_ms; /* -1: any */
};

/* fields: name value name value …, as HGETALL says them. STATUS_INVALID when it is none. */
enum status job_record_read(const struct slice *fields, size_t count,
                            struct job_record *out) must_check;

/* {"id","kind","state",…,"parameters":{…}} */
void job_record_put(struct json_writer *json, const struct job_record *job);
