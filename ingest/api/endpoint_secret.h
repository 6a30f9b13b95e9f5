/*
 * endpoint_secret.h - an endpoint's secret, made, sealed for its record, and opened
 */
#pragma once

#include "model/endpoint.h"
#include "../call.h"

void endpoint_secret_make(struct signing_secret *out);

/* endpoint: its id and org. Appends the text. */
void endpoint_secret_seal(const struct call *call, const struct endpoint *endpoint,
                          const struct signing_secret *secret, struct buf *out);

/* A line in the log tells of a failure: sealed with another key, most likely. */
enum status endpoint_secret_open(const struct call *call, const struct endpoint *endpoint,
                                 struct signing_secret *out) must_check;
