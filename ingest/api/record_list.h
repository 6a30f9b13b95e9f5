/*
 * record_list.h - a page of an index and its records, which are in slots of their own
 *
 * The index is a zset (score 0) whose members begin with an id, so that their order is that of time. The
 * records are asked for one by one, in one pipeline. What is in the index and has no record is left out: it
 * was removed meanwhile.
 */
#pragma once

#include "io/store.h"
#include "model/json.h"
#include "model/keys.h"
#include "../call.h"

struct record_list {
    struct key index;
    bool (*record_of)(struct slice member, struct key *out); /* false: no member of ours */
    /* Nothing for a record that is of no use. fields: name value name value …, at least one. */
    void (*put)(const struct slice *fields, size_t count, struct json_writer *json);
};

/* Newest first, by the call's limit and cursor. org: whose list it is. Answers the call. */
void record_list_answer(struct call *call, const char *org, const struct record_list *list);
