/*
 * endpoint_json.h - an endpoint as answers show it
 */
#pragma once

#include "model/endpoint.h"
#include "model/json.h"
#include "../call.h"

#define ENDPOINT_JSON_MAX (128 * 1024) /* of one */

/* failing_since_ms 0: it is not. secret NULL: not shown. */
void endpoint_put(struct json_writer *json, const struct endpoint *endpoint,
                  int64_t failing_since_ms, const struct signing_secret *secret);
void endpoint_answer(struct call *call, int status, const struct endpoint *endpoint,
                     int64_t failing_since_ms, const struct signing_secret *secret);
