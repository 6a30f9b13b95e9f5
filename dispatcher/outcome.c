/*
 * outcome.c - the table of outcomes
 */
#include "outcome.h"

#include <stddef.h>

#include "base/must.h"

const char *const attempt_classes[CLASSES_COUNT + 1] = {
    [CLASS_2XX] = "2xx",
    [CLASS_3XX] = "3xx",
    [CLASS_4XX] = "4xx",
    [CLASS_5XX] = "5xx",
    [CLASS_TIMEOUT] = "timeout",
    [CLASS_CONNECT] = "connect",
    [CLASS_TLS] = "tls",
    [CLASS_DNS] = "dns",
    [CLASS_REFUSED_DESTINATION] = "refused_destination",
    [CLASS_OTHER] = "other",
};

struct answer_row {
    int from, to;
    enum outcome outcome;
    bool may_snooze; /* obeys Retry-After, and burns no retry then */
    const char *reason;
    enum attempt_class class;
};

/* The first row that holds the status decides. */
static const struct answer_row answers[] = {
    {200, 299, OUTCOME_DELIVERED, false, "", CLASS_2XX},
    {300, 399, OUTCOME_RETRY, false, "redirect", CLASS_3XX},
    {408, 408, OUTCOME_RETRY, false, "request_timeout", CLASS_4XX},
    {410, 410, OUTCOME_DEAD, false, "gone", CLASS_4XX},
    {425, 425, OUTCOME_RETRY, false, "too_early", CLASS_4XX},
    {429, 429, OUTCOME_RETRY, true, "too_many_requests", CLASS_4XX},
    {400, 499, OUTCOME_RETRY, false, "client_error", CLASS_4XX},
    {503, 503, OUTCOME_RETRY, true, "unavailable", CLASS_5XX},
    {500, 599, OUTCOME_RETRY, false, "server_error", CLASS_5XX},
};

/* All of them are tried again: what is wrong with a network, a name or a certificate is mended on the other side. */
static const struct {
    const char *reason;
    enum attempt_class class;
} failures[FAILURES_COUNT] = {
    [FAILURE_NONE] = {"bad_response", CLASS_OTHER},
    [FAILURE_CONNECT_TIMEOUT] = {"connect_timeout", CLASS_TIMEOUT},
    [FAILURE_RESPONSE_TIMEOUT] = {"response_timeout", CLASS_TIMEOUT},
    [FAILURE_TOTAL_TIMEOUT] = {"total_timeout", CLASS_TIMEOUT},
    [FAILURE_DNS] = {"dns", CLASS_DNS},
    [FAILURE_CONNECTION_REFUSED] = {"connection_refused", CLASS_CONNECT},
    [FAILURE_CONNECTION_FAILED] = {"connection_failed", CLASS_CONNECT},
    [FAILURE_CONNECTION_RESET] = {"connection_reset", CLASS_CONNECT},
    [FAILURE_TLS] = {"tls", CLASS_TLS},
    [FAILURE_DESTINATION] = {"destination_not_allowed", CLASS_REFUSED_DESTINATION},
    [FAILURE_HTTPS_REQUIRED] = {"https_required", CLASS_REFUSED_DESTINATION},
    [FAILURE_HEADERS_TOO_LARGE] = {"headers_too_large", CLASS_OTHER},
    [FAILURE_BAD_RESPONSE] = {"bad_response", CLASS_OTHER},
    [FAILURE_BAD_URL] = {"bad_url", CLASS_OTHER},
};

struct verdict outcome_of(int status, enum failure failure, bool has_retry_after)
{
    must((unsigned)failure < FAILURES_COUNT);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        const struct answer_row *row = &answers[i];
        if (status < row->from || status > row->to) {
            continue;
        }
        bool snoozes = row->may_snooze && has_retry_after;
        return (struct verdict){.outcome = snoozes ? OUTCOME_SNOOZE : row->outcome,
                                .reason = row->reason,
                                .class = row->class};
    }
    return (struct verdict){.outcome = OUTCOME_RETRY,
                            .reason = failures[failure].reason,
                            .class = failures[failure].class};
}

bool outcome_is_gone(int status)
{
    return status == 410;
}
