/*
 * trace.h - W3C Trace Context (version 00) and request ids
 */
#pragma once

#include <stdint.h>

#include "../base/bytes.h"

#define TRACEPARENT_LEN 55
#define REQUEST_ID_MAX 128

/* Takes a valid traceparent (version 00, or the first 55 characters of a higher one; never ff, never all-zero ids);
 * STATUS_INVALID otherwise. out is what may be passed on: version 00, of the flags only "sampled". */
enum status traceparent_parse(struct slice text, char out[TRACEPARENT_LEN + 1]) must_check;

/* A new trace, sampled. random: 24 random bytes. */
void traceparent_make(const uint8_t random[24], char out[TRACEPARENT_LEN + 1]);

/* The same trace and flags with a new parent id. random: 8 random bytes. parent is valid. */
void traceparent_child(struct slice parent, const uint8_t random[8], char out[TRACEPARENT_LEN + 1]);

/* Characters [A-Za-z0-9_.:/+=@-], 1 to 128: a client's X-Request-Id that we can take as it is. */
bool request_id_is_sane(struct slice text);
