#include "refusal_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void refusal_check(const struct refusal *row, enum status status, const struct problem *problem)
{
    if (status != STATUS_INVALID)
        fail_msg("%s: accepted", row->body);
    if (problem->http_status != row->status || strcmp(problem->code, row->code) != 0 ||
        strcmp(problem->pointer, row->pointer) != 0)
        fail_msg("%s: %d %s %s", row->body, problem->http_status, problem->code, problem->pointer);
}
