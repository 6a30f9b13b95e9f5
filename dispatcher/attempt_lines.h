/*
 * attempt_lines.h - the headers that are of one attempt alone
 */
#pragma once

#include "delivery.h"
#include "http_client.h"
#include "signers.h"

#define ATTEMPT_LINES 6
#define ATTEMPT_LINE_SIZE 96 /* the longest but the signatures is the trace's: 13 + 55 */

struct attempt_lines {
    char texts[ATTEMPT_LINES - 1][ATTEMPT_LINE_SIZE];
    char signatures[sizeof "webhook-signature: " + SIGNATURES_SIZE];
};

/* Signed for this moment. */
void attempt_lines_write(struct attempt_lines *lines, const struct delivery *delivery,
                         struct signers *signers, struct slice body);
void attempt_lines_list(struct attempt_lines *lines, char *out[HTTP_LINES_MAX]);
