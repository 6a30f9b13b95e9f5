/*
 * account_request.h - the requests that make and change an organization and an API key
 */
#pragma once

#include <stdint.h>

#include "api_key.h"
#include "ids.h"
#include "problem.h"
#include "rate_spec.h"

#define ACCOUNT_NAME_MAX 100

struct organization_request {
    bool has_name, has_rate; /* of a change: others stay as they are */
    char name[ACCOUNT_NAME_MAX + 1];
    struct rate_spec rate;
};

/* {"name","rate_limit"?} */
enum status organization_parse_request(struct slice body, struct organization_request *out,
                                       struct problem *problem) must_check;

/* {"name"?,"rate_limit"?}; null removes the rate limit. */
enum status organization_parse_change(struct slice body, struct organization_request *out,
                                      struct problem *problem) must_check;

struct key_request {
    char name[ACCOUNT_NAME_MAX + 1];
    char scopes[SCOPES_TEXT_MAX]; /* known, each once, separated by spaces */
    int64_t expires_at_ms;        /* 0: never */
    struct rate_spec rate;
    char org[OTHER_ID_SIZE]; /* "": not given */
};

/* {"name","scopes","expires_at"?,"rate_limit"?,"organization"?}; expires_at must be after now_ms. */
enum status key_parse_request(struct slice body, int64_t now_ms, struct key_request *out,
                              struct problem *problem) must_check;

#define KEY_ROTATION_GRACE_MAX_MS (7LL * 24 * 3600 * 1000)

/* {"grace"?}: how long the old key goes on to count; 24h unless given. An empty body is as {}. */
enum status key_rotation_parse_request(struct slice body, int64_t *out_grace_ms,
                                       struct problem *problem) must_check;
