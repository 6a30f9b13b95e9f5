/*
 * script.h - calls of the Lua scripts that are compiled in from lua/
 *
 * A call is EVALSHA, and before the first one of a script on a connection SCRIPT LOAD; when Redis has forgotten it since (NOSCRIPT, in a
 * pipeline too) it is loaded and the call is made again, once, without the caller noticing; but for fanout and settle, which are STATUS_DOWN then. No script is loaded that is not called: all
 * that Redis knows lies in the heap in which scripts run, and should fit into a processor's cache.
 */
#pragma once

#include "redis.h"

/* Filled by the build: the text of each file of lua/ under its name without .lua. */
struct lua_source {
    const char *name;
    const char *text;
};
extern const struct lua_source lua_sources[];
extern const size_t lua_sources_count;

/* Order of the ids = script_names, for metrics. */
enum script {
    SCRIPT_PUBLISH,
    SCRIPT_FANOUT,
    SCRIPT_SETTLE,
    SCRIPTS_OF_EACH_EVENT, /* the ones above may be loaded before a connection is up: redis_options */
    SCRIPT_PROMOTE = SCRIPTS_OF_EACH_EVENT,
    SCRIPT_RELEASE,
    SCRIPT_RECLAIM,
    SCRIPT_RENEW,
    SCRIPT_REAP,
    SCRIPT_RECOUNT,
    SCRIPT_STRAYS,
    SCRIPT_TRIM,
    SCRIPT_TRIM_LETTERS,
    SCRIPT_CONFIGURE,
    SCRIPT_CONFIGURE_WHEN_FULL,
    SCRIPT_APPEND_WHEN_FULL,
    SCRIPT_LIMIT,
    SCRIPT_JOB_CREATE,
    SCRIPT_JOB_CREATE_WHEN_FULL,
    SCRIPT_LIST_ENDPOINTS,
    SCRIPT_JOB_CANCEL,
    SCRIPT_JOB_RELEASE,
    SCRIPT_JOB_REPLAY,
    SCRIPT_JOB_LETTERS,
    SCRIPT_JOB_FORGET,
    SCRIPT_LIST_JOBS,
    SCRIPT_LIST_JOBS_DUE,
    SCRIPT_REPLAY,
    SCRIPT_PURGE_LETTERS,
    SCRIPT_LIST_EVENTS,
    SCRIPT_FIND_EVENT,
    SCRIPT_LIST_DELIVERIES,
    SCRIPT_FIND_DELIVERY,
    SCRIPT_LIST_LETTERS,
    SCRIPT_LIST_INBOX,
    SCRIPT_LEASE,
    SCRIPT_UNLEASE,
    SCRIPT_LIST_AUDIT,
    SCRIPTS_COUNT
};
extern const char *const script_names[]; /* NULL-terminated */

/* Starts the command; then add keys_count keys and the arguments with redis_command_*; then script_send. */
void script_start(struct redis_command *command, enum script script, size_t keys_count);
void script_send(struct redis *redis, enum script script, struct redis_command *command,
                 redis_reply_fn fn, void *self);

/* SCRIPT LOAD of one. */
void script_append_loads(struct redis_command *command, size_t index);
