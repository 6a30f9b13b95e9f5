/*
 * dlq_request.h - which dead letters are to be replayed or purged: some by their ids, or all that a filter takes
 */
#pragma once

#include <stdint.h>

#include "hook_event.h"
#include "ids.h"
#include "problem.h"

#define DLQ_IDS_MAX 200
#define DLQ_REASON_MAX 64

struct dlq_request {
    size_t count; /* 0: the filter says which */
    struct {
        char event[EVENT_ID_LEN + 1], endpoint[OTHER_ID_SIZE];
    } ids[DLQ_IDS_MAX]; /* of deliveries */
    /* The filter: what is not given is "" or -1, and takes all. */
    char endpoint[OTHER_ID_SIZE], type[EVENT_TYPE_MAX + 1], reason[DLQ_REASON_MAX + 1];
    int64_t since_ms, until_ms;
};

/* {"ids":[…]} or {"filter":{"endpoint"?,"type"?,"reason"?,"since"?,"until"?}}, exactly one of both. */
enum status dlq_request_parse(struct slice body, struct dlq_request *out,
                              struct problem *problem) must_check;

/* A word of lower-case letters, digits and '_'. */
bool dlq_reason_is_valid(struct slice reason);
