/*
 * account_request.h - the requests that make an organization and an API key
 */
#pragma once

#include <stdint.h>

#include "api_key.h"
#include "ids.h"
#include "problem.h"

#define ACCOUNT_NAME_MAX 100

struct organization_request {
    char name[ACCOUNT_NAME_MAX + 1];
};

/* {"name"} */
enum status organization_parse_request(struct slice body, struct organization_request *out,
                                       struct problem *problem) must_check;

struct key_request {
    char name[ACCOUNT_NAME_MAX + 1];
    char scopes[SCOPES_TEXT_MAX]; /* known, each once, separated by spaces */
    int64_t expires_at_ms;        /* 0: never */
    char org[OTHER_ID_SIZE];      /* "": not given */
};

/* {"name","scopes","expires_at"?,"organization"?}; expires_at must be after now_ms. */
enum status key_parse_request(struct slice body, int64_t now_ms, struct key_request *out,
                              struct problem *problem) must_check;
