/*
 * outcome_test.c - every status and every failure has its verdict
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dispatcher/outcome.h"

struct row {
    int from, to;
    enum outcome outcome;
    const char *reason;
    enum attempt_class class;
};

static void assert_verdict(struct verdict verdict, enum outcome outcome, const char *reason,
                           enum attempt_class class)
{
    assert_int_equal(verdict.outcome, outcome);
    assert_string_equal(verdict.reason, reason);
    assert_int_equal(verdict.class, class);
}

static const struct row statuses[] = {
    {200, 299, OUTCOME_DELIVERED, "", CLASS_2XX},
    {300, 399, OUTCOME_RETRY, "redirect", CLASS_3XX},
    {400, 407, OUTCOME_RETRY, "client_error", CLASS_4XX},
    {408, 408, OUTCOME_RETRY, "request_timeout", CLASS_4XX},
    {409, 409, OUTCOME_RETRY, "client_error", CLASS_4XX},
    {410, 410, OUTCOME_DEAD, "gone", CLASS_4XX},
    {411, 424, OUTCOME_RETRY, "client_error", CLASS_4XX},
    {425, 425, OUTCOME_RETRY, "too_early", CLASS_4XX},
    {426, 428, OUTCOME_RETRY, "client_error", CLASS_4XX},
    {429, 429, OUTCOME_RETRY, "too_many_requests", CLASS_4XX},
    {430, 499, OUTCOME_RETRY, "client_error", CLASS_4XX},
    {500, 502, OUTCOME_RETRY, "server_error", CLASS_5XX},
    {503, 503, OUTCOME_RETRY, "unavailable", CLASS_5XX},
    {504, 599, OUTCOME_RETRY, "server_error", CLASS_5XX},
    {600, 999, OUTCOME_RETRY, "bad_response", CLASS_OTHER},
};

static void judges_every_status(void **state)
{
    (void)state;
    int seen = 0;
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const struct row *row = &statuses[i];
        for (int status = row->from; status <= row->to; status++, seen++) {
            struct verdict verdict = outcome_of(status, FAILURE_NONE, false);
            assert_verdict(verdict, row->outcome, row->reason, row->class);
            assert_int_equal(outcome_is_gone(status), status == 410);
        }
    }
    assert_int_equal(seen, 800);
}

static void obeys_retry_after_of_two_statuses_only(void **state)
{
    (void)state;
    for (int status = 200; status < 1000; status++) {
        struct verdict without = outcome_of(status, FAILURE_NONE, false);
        struct verdict with = outcome_of(status, FAILURE_NONE, true);
        bool snoozes = status == 429 || status == 503;
        assert_verdict(with, snoozes ? OUTCOME_SNOOZE : without.outcome, without.reason,
                       without.class);
    }
}

static void tries_again_after_every_failure(void **state)
{
    static const struct {
        enum failure failure;
        const char *reason;
        enum attempt_class class;
    } cases[] = {
        {FAILURE_NONE, "bad_response", CLASS_OTHER},
        {FAILURE_CONNECT_TIMEOUT, "connect_timeout", CLASS_TIMEOUT},
        {FAILURE_RESPONSE_TIMEOUT, "response_timeout", CLASS_TIMEOUT},
        {FAILURE_TOTAL_TIMEOUT, "total_timeout", CLASS_TIMEOUT},
        {FAILURE_DNS, "dns", CLASS_DNS},
        {FAILURE_CONNECTION_REFUSED, "connection_refused", CLASS_CONNECT},
        {FAILURE_CONNECTION_FAILED, "connection_failed", CLASS_CONNECT},
        {FAILURE_CONNECTION_RESET, "connection_reset", CLASS_CONNECT},
        {FAILURE_TLS, "tls", CLASS_TLS},
        {FAILURE_DESTINATION, "destination_not_allowed", CLASS_REFUSED_DESTINATION},
        {FAILURE_HTTPS_REQUIRED, "https_required", CLASS_REFUSED_DESTINATION},
        {FAILURE_HEADERS_TOO_LARGE, "headers_too_large", CLASS_OTHER},
        {FAILURE_BAD_RESPONSE, "bad_response", CLASS_OTHER},
        {FAILURE_BAD_URL, "bad_url", CLASS_OTHER},
    };
    (void)state;
    assert_int_equal(sizeof cases / sizeof cases[0], FAILURES_COUNT);
    for (size_t i = 0; i < FAILURES_COUNT; i++) {
        assert_int_equal(cases[i].failure, i);
        for (int with = 0; with < 2; with++) {
            struct verdict verdict = outcome_of(0, cases[i].failure, with == 1);
            assert_verdict(verdict, OUTCOME_RETRY, cases[i].reason, cases[i].class);
        }
    }
}

/* The receiver has said yes; that its body never ended changes nothing. */
static void a_status_outweighs_what_came_later(void **state)
{
    (void)state;
    assert_verdict(outcome_of(204, FAILURE_TOTAL_TIMEOUT, false), OUTCOME_DELIVERED, "", CLASS_2XX);
    assert_verdict(outcome_of(500, FAILURE_CONNECTION_RESET, false), OUTCOME_RETRY, "server_error",
                   CLASS_5XX);
}

static void names_every_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLASSES_COUNT; i++) {
        assert_non_null(attempt_classes[i]);
    }
    assert_null(attempt_classes[CLASSES_COUNT]);
    assert_string_equal(attempt_classes[CLASS_2XX], "2xx");
    assert_string_equal(attempt_classes[CLASS_REFUSED_DESTINATION], "refused_destination");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_every_status),
        cmocka_unit_test(obeys_retry_after_of_two_statuses_only),
        cmocka_unit_test(tries_again_after_every_failure),
        cmocka_unit_test(a_status_outweighs_what_came_later),
        cmocka_unit_test(names_every_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
