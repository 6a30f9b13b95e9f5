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

/* "req_" and the trace id: the id of a request that brought neither an id nor a trace, so that it
 * need not be carried beside the trace. Written into room. trace: as traceparent_parse wrote it, or
 * empty, as is then what it tells. */
#define TRACE_REQUEST_ID_LEN 36
struct slice trace_request_id(struct slice trace, char room[TRACE_REQUEST_ID_LEN + 1]);

/* What is carried beside the trace: empty when the trace tells it. And the whole id again, of that. */
struct slice request_id_to_carry(struct slice request, struct slice trace);
struct slice request_id_whole(struct slice carried, struct slice trace,
                              char room[TRACE_REQUEST_ID_LEN + 1]);

/* Characters [A-Za-z0-9_.:/+=@-], 1 to 128: a client's X-Request-Id that we can take as it is, but
 * for "-" alone, which stands for none in lua/lib/origin.lua (ingest/call.c). */
bool request_id_is_sane(struct slice text);
