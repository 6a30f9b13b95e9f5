/*
 * call_fixture.h - a call of the API without a connection: its answer goes nowhere
 */
#pragma once

#include "ingest/call.h"
#include "ingest/route.h"

#define CALL_HEADERS_MAX 4

struct call_fixture {
    struct call call;
    struct http_header headers[CALL_HEADERS_MAX];
};

/* headers: name value name value …, ended by NULL. The texts are borrowed. */
void call_fixture_start(struct call_fixture *fixture, const struct route *route,
                        const char *const *headers);
void call_fixture_end(struct call_fixture *fixture); /* unless it was answered */
