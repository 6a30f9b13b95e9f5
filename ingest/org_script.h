/*
 * org_script.h - scripts called for a request, on what belongs to the organization of its key
 */
#pragma once

#include "call.h"
#include "io/script.h"
#include "model/keys.h"

/* A key of the organization's partition; is_org: of what is the organization's own, its name with the
 * organization's id. */
struct org_key {
    enum partition_key which;
    bool is_org;
};

/* Terminated; in the request's memory. */
const char *org_of(const struct call *call);
uint32_t org_partition(const struct call *call);

/* Then the arguments, then org_script_send. */
void org_script_start(struct redis_command *command, const struct call *call, enum script script,
                      const struct org_key *keys, size_t count);

/* Ends the command. fn exactly once, never before this returns. */
void org_script_send(struct call *call, enum script script, struct redis_command *command,
                     redis_reply_fn fn, void *self);

/* Whether a script that only reads has answered; else the call is answered 503. */
bool org_script_has_read(struct call *call, enum status status) must_check;

/* A time as an argument: '' for -1. No entry is of the ms 0, which Redis cannot say what is before. */
void org_script_add_time(struct redis_command *command, int64_t at_ms);
