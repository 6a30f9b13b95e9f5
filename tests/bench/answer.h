/*
 * answer.h - what a server's answer says of each event of a request
 *
 * One event: the status alone. A batch: the items of "results", in order, each of which has an id or an
 * error; a server that lists no results has taken all with its 2xx.
 */
#pragma once

#include "base/bytes.h"

struct answer {
    int status;
    size_t batch; /* events of the request; 1 for a single one */
    struct slice body;
};

/* Calls taken(index, self) for each event that was taken. Returns how many were. */
size_t answer_read(const struct answer *answer, void (*taken)(size_t index, void *self),
                   void *self);

/* Text of the first member of this name, without escapes; empty when there is none. */
struct slice answer_text(struct slice body, const char *name);
