/*
 * call_fixture.c - an exchange whose connection is gone
 */
#include "call_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/http_exchange.h"

static struct http_pools pools; /* empty: what ends is freed */

void call_fixture_start(struct call_fixture *fixture, const struct route *route,
                        const char *const *headers)
{
    http_pools_init(&pools);
    struct http_exchange *exchange = http_exchange_new(&pools);
    struct http_request *request = &exchange->request;
    *fixture = (struct call_fixture){.call = {.http = request, .route = route}};
    exchange->state = EXCHANGE_HANDLED;
    request->method = SLICE("POST");
    request->path = SLICE("/api/events");
    request->headers = fixture->headers;
    for (; headers[2 * request->headers_count]; request->headers_count++) {
        const char *const *at = &headers[2 * request->headers_count];
        assert_true(request->headers_count < CALL_HEADERS_MAX);
        fixture->headers[request->headers_count] =
            (struct http_header){slice_of(at[0]), slice_of(at[1])};
    }
}

void call_fixture_end(struct call_fixture *fixture)
{
    struct http_exchange *exchange = http_exchange_of(fixture->call.http);
    http_exchange_free(NULL, &exchange);
}
