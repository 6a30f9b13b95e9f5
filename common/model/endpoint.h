/*
 * endpoint.h - where an organization wants its events: the record mr:{p}:endpoint:<id> and the request that makes one
 *
 * Fields in Redis, in this order: id org url event_types filter headers description max_in_flight retry_schedule timeout_ms disabled
 * disabled_reason paused secret old_secrets created_at updated_at; and, absent in records of older releases, rate_per_second rate_burst
 * ordered. event_types is a JSON array of patterns, filter JSON as filter.h has it
 * or "" for none, headers a JSON object, secret a secret_box text with the context "<org>|<id>|secret", old_secrets as old_secrets.h
 * says, disabled, paused and ordered "0" or "1", disabled_reason "" or api, gone or failing, max_in_flight and timeout_ms "" for the default,
 * both numbers of the rate "" for none, retry_schedule as in the settings or "", times in ms.
 */
#pragma once

#include <stdint.h>

#include "../base/config.h"
#include "hook_event.h"
#include "ids.h"
#include "rate_spec.h"
#include "signature.h"

#define ENDPOINT_HEADERS_MAX 20
#define ENDPOINT_DESCRIPTION_MAX 1024
#define ENDPOINT_IN_FLIGHT_MAX 10000
#define ENDPOINT_TIMEOUT_MIN_MS 100
#define ENDPOINT_TIMEOUT_MAX_MS (5LL * 60 * 1000)
#define ENDPOINT_RETRY_MIN_MS 1
#define ENDPOINT_RETRY_MAX_MS (30LL * 24 * 3600 * 1000)

struct header {
    struct slice name;
    struct slice value;
};

/* Owns all its texts (one allocation behind them). */
struct endpoint {
    /* What each attempt asks stands together: with many endpoints, it is in no cache of the processor's. */
    bool disabled;
    bool paused;
    bool ordered;                    /* one delivery in flight, in the order of events */
    struct rate_spec rate;           /* of attempts */
    int64_t max_in_flight;           /* 0: the dispatcher's default */
    int64_t timeout_ms;              /* total bound of an attempt; 0: the default */
    struct durations retry_schedule; /* count 0: the default */

    char id[OTHER_ID_SIZE];
    char org[OTHER_ID_SIZE];
    struct slice url;
    struct slice description;
    size_t patterns_count;
    struct slice *patterns;
    struct slice filter; /* JSON without white space, as filter.h has it; empty: none */
    size_t headers_count;
    struct header
        *headers; /* names valid tokens, values without CR, LF, NUL; none of our own names */
    struct slice sealed_secret;
    struct slice old_secrets;     /* text; old_secrets.h */
    struct slice disabled_reason; /* "" unless disabled */
    int64_t created_at_ms, updated_at_ms;
};
void endpoint_free(struct endpoint **endpoint);

/* A copy that owns all its texts. */
struct endpoint *endpoint_copy(const struct endpoint *endpoint);

/* From the fields of the hash, name value name value … . STATUS_INVALID when something in Redis is not what we write. */
enum status endpoint_from_fields(const struct slice *fields, size_t count,
                                 struct endpoint **out) must_check;

/* A create request: {"url","event_types"?,"filter"?,"description"?,"headers"?,"rate_limit"?,"max_in_flight"?,"ordered"?,"retry_schedule"?,"timeout"?,"disabled"?,"secret"?,"organization"?}.
 * url must be http or https with a host, no credentials, no fragment. out->id and sealed_secret are left empty, org too when none was given; *out_secret has len 0
 * when none was given. */
enum status endpoint_parse_request(struct slice body, struct endpoint **out,
                                   struct signing_secret *out_secret,
                                   struct problem *problem) must_check;

/* The members that a request may change, as bits. */
enum endpoint_member {
    ENDPOINT_URL,
    ENDPOINT_EVENT_TYPES,
    ENDPOINT_FILTER,
    ENDPOINT_HEADERS,
    ENDPOINT_DESCRIPTION,
    ENDPOINT_RATE_LIMIT,
    ENDPOINT_MAX_IN_FLIGHT,
    ENDPOINT_ORDERED,
    ENDPOINT_RETRY_SCHEDULE,
    ENDPOINT_TIMEOUT,
    ENDPOINT_DISABLED,
    ENDPOINT_MEMBERS
};

/* A change: an object of any of these members by the same rules, where null stands for what a request without the member gets; url has
 * nothing like that. *out_given has the bit 1 << member of each that is there, *out their values. A secret changes by rotation only. */
enum status endpoint_parse_patch(struct slice body, struct endpoint **out, unsigned *out_given,
                                 struct problem *problem) must_check;

/* What its secrets are sealed with, a context of secret_box. */
void endpoint_secret_context(const struct endpoint *endpoint, struct buf *out);

/* Whether what it gets stands in line in Redis (lua/lib/lane.lua) before each attempt. */
bool endpoint_has_lane(const struct endpoint *endpoint);

/* Texts for the hash: JSON, and the schedule as in the settings ("" for none). */
void endpoint_patterns_json(const struct endpoint *endpoint, struct buf *out);
void endpoint_headers_json(const struct endpoint *endpoint, struct buf *out);
void endpoint_schedule_text(const struct endpoint *endpoint, struct buf *out);
