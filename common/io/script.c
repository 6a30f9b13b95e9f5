/*
 * script.c - calls of the compiled-in Lua scripts by their SHA-1
 *
 * A call keeps its bytes until the answer, for the one case that Redis has forgotten the script: after SCRIPT FLUSH, or when it was
 * restarted or replaced behind the same connection. They are copied once, into the connection's buffer.
 */
#include "script.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "../base/log.h"
#include "../base/must.h"
#include "redis_command.h"

#define SHA1_LEN 20

const char *const script_names[] = {
    [SCRIPT_PUBLISH] = "publish",
    [SCRIPT_FANOUT] = "fanout",
    [SCRIPT_SETTLE] = "settle",
    [SCRIPT_PROMOTE] = "promote",
    [SCRIPT_RELEASE] = "release",
    [SCRIPT_RECLAIM] = "reclaim",
    [SCRIPT_RENEW] = "renew",
    [SCRIPT_REAP] = "reap",
    [SCRIPT_RECOUNT] = "recount",
    [SCRIPT_STRAYS] = "strays",
    [SCRIPT_TRIM] = "trim",
    [SCRIPT_TRIM_LETTERS] = "trim_letters",
    [SCRIPT_CONFIGURE] = "configure",
    [SCRIPT_CONFIGURE_WHEN_FULL] = "configure_when_full",
    [SCRIPT_APPEND_WHEN_FULL] = "append_when_full",
    [SCRIPT_LIMIT] = "limit",
    [SCRIPT_JOB_CREATE] = "job_create",
    [SCRIPT_JOB_CREATE_WHEN_FULL] = "job_create_when_full",
    [SCRIPT_LIST_ENDPOINTS] = "list_endpoints",
    [SCRIPT_JOB_CANCEL] = "job_cancel",
    [SCRIPT_JOB_RELEASE] = "job_release",
    [SCRIPT_JOB_REPLAY] = "job_replay",
    [SCRIPT_JOB_LETTERS] = "job_letters",
    [SCRIPT_JOB_FORGET] = "job_forget",
    [SCRIPT_LIST_JOBS] = "list_jobs",
    [SCRIPT_LIST_JOBS_DUE] = "list_jobs_due",
    [SCRIPT_PURGE_LETTERS] = "purge_letters",
    [SCRIPT_LIST_EVENTS] = "list_events",
    [SCRIPT_FIND_EVENT] = "find_event",
    [SCRIPT_LIST_DELIVERIES] = "list_deliveries",
    [SCRIPT_FIND_DELIVERY] = "find_delivery",
    [SCRIPT_LIST_LETTERS] = "list_letters",
    [SCRIPT_REPLAY] = "replay",
    [SCRIPT_LIST_INBOX] = "list_inbox",
    [SCRIPT_LEASE] = "lease",
    [SCRIPT_UNLEASE] = "unlease",
    [SCRIPT_LIST_AUDIT] = "list_audit",
    [SCRIPTS_COUNT] = NULL,
};

static struct script_text {
    const char *text; /* NULL: not looked up yet */
    char sha1[2 * SHA1_LEN];
} scripts[SCRIPTS_COUNT];

struct call {
    struct redis *redis;
    enum script script;
    struct redis_command command;
    redis_reply_fn fn;
    void *self;
    bool is_repeat;
};

static void find(size_t which)
{
    uint8_t digest[SHA1_LEN];
    size_t i = 0;

    if (scripts[which].text != NULL)
        return;
    while (i < lua_sources_count && strcmp(lua_sources[i].name, script_names[which]) != 0)
        i++;
    must(i < lua_sources_count);
    scripts[which].text = lua_sources[i].text;
    must(EVP_Digest(scripts[which].text, strlen(scripts[which].text), digest, NULL, EVP_sha1(),
                    NULL) == 1);
    hex_encode(digest, sizeof digest, scripts[which].sha1);
}

void script_start(struct redis_command *command, enum script script, size_t keys_count)
{
    find(script);
    redis_command_start(command);
    redis_command_text(command, "EVALSHA");
    redis_command_arg(
        command, (struct slice){.at = scripts[script].sha1, .len = sizeof scripts[script].sha1});
    redis_command_int(command, (int64_t)keys_count);
}

void script_append_loads(struct redis_command *command, size_t index)
{
    must(index < SCRIPTS_COUNT);
    find(index);
    redis_command_start(command);
    redis_command_text(command, "SCRIPT");
    redis_command_text(command, "LOAD");
    redis_command_text(command, scripts[index].text);
}

/* The call behind it says that it is missing, but not why. */
static void on_load(enum status status, const struct redis_reply *reply, void *self)
{
    static struct log_limit limit;
    const struct script_text *script = self;
    uint64_t suppressed;

    if (redis_reply_type(reply) == REDIS_ERROR && log_limit_allows(&limit, 5000, &suppressed))
        log_event(LOG_WARN, "redis.script", log_text("script", script_names[script - scripts]),
                  log_text("status", status_name(status)),
                  log_slice("error", redis_reply_text(reply)),
                  log_int("suppressed", (int64_t)suppressed));
}

static void load(struct redis *redis, enum script script)
{
    struct redis_command command;

    _Static_assert(SCRIPTS_COUNT <= 64, "redis_note_script");
    redis_command_init(&command);
    script_append_loads(&command, script);
    redis_send(redis, &command, on_load, &scripts[script]);
    redis_command_fini(&command);
}

static void send_call(struct call *call);

/* Its arguments say what the caller knew of a Redis that may be another now: it makes the call anew. */
static bool tells_of_before(enum script script)
{
    return script == SCRIPT_FANOUT || script == SCRIPT_SETTLE;
}

static void on_reply(enum status status, const struct redis_reply *reply, void *self)
{
    struct call *call = self;
    bool is_forgotten =
        redis_reply_type(reply) == REDIS_ERROR && slice_starts(redis_reply_text(reply), "NOSCRIPT");

    if (is_forgotten && !call->is_repeat)
        load(call->redis, call->script);
    if (is_forgotten && !call->is_repeat && !tells_of_before(call->script)) {
        call->is_repeat = true;
        send_call(call);
        return;
    }
    if (call->fn != NULL)
        call->fn(status, reply, call->self);
    redis_command_fini(&call->command);
    free(call);
}

static void send_call(struct call *call)
{
    struct slice wire;

    if (redis_note_script(call->redis, call->script))
        load(call->redis, call->script);
    must(redis_command_wire(&call->command, &wire) == STATUS_OK);
    redis_send_wire(call->redis, wire, script_names[call->script], on_reply, call);
}

void script_send(struct redis *redis, enum script script, struct redis_command *command,
                 redis_reply_fn fn, void *self)
{
    struct slice wire;
    struct call *call;

    if (redis_command_wire(command, &wire) != STATUS_OK) {
        redis_send(redis, command, fn, self); /* which refuses it */
        return;
    }
    call = xcalloc(1, sizeof *call);
    *call = (struct call){
        .redis = redis, .script = script, .command = *command, .fn = fn, .self = self};
    redis_command_init(command); /* the bytes are the call's now */
    send_call(call);
}
