/*
 * refusal_fixture.h - bodies of requests that are refused, a row each
 */
#pragma once

#include "model/problem.h"

struct refusal {
    const char *body;
    int status; /* of the answer */
    const char *code, *pointer;
};

/* Fails the test unless a parser that returned this status has refused the row's body as the row says. */
void refusal_check(const struct refusal *row, enum status status, const struct problem *problem);
