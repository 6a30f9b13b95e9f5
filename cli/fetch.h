/*
 * fetch.h - one HTTP request and its whole answer
 *
 * Straight to the host of the URL: no proxy, no redirect, nothing from ~/.netrc. Connections are kept for the next request.
 * Fails:  STATUS_DOWN before the request left, STATUS_UNSURE after, STATUS_LIMIT for an answer that is too long; in words.
 */
#pragma once

#include "base/bytes.h"

#define FETCH_ANSWER_MAX ((size_t)8 << 20)

struct fetch;
struct fetch *fetch_new(void);
void fetch_free(struct fetch **fetch);

/* bearer: NULL for none; no control characters in it. body: JSON, at is NULL for none. The answer's body is valid until the next call. */
enum status fetch_call(struct fetch *fetch, const char *method, const char *url, const char *bearer,
                       struct slice body, int64_t timeout_ms, int *out_status,
                       struct slice *out_body, struct error *err) must_check;
