/*
 * refusal.h - an answer of the API that is no success, as one sentence that says what to do
 */
#pragma once

#include "base/bytes.h"

/* body: problem+json, or anything that came instead. */
void refusal_explain(int http_status, struct slice body, struct error *out);
