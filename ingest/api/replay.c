/*
 * replay.c - calls of replay.lua and purge_letters.lua
 *
 * A call of replay.lua reads a mebibyte of the log at most; what it left for later is asked for again.
 */
#include "replay.h"

#include "base/must.h"
#include "../org_script.h"

struct replay {
    struct call *call;
    enum replay_kind kind;
    const struct replay_pair *pairs;
    enum replay_result *results;
    size_t count;
    size_t *asked; /* indices of the pairs in the call that is under way */
    size_t asked_count;
    replay_fn fn;
    void *self;
};

/* As lua/lib/replay.lua and lua/purge_letters.lua say them. */
static bool read_word(struct slice word, enum replay_result *out)
{
    static const struct {
        const char *word;
        enum replay_result result;
    } words[] = {
        {"ready", REPLAY_DONE},        {"purged", REPLAY_DONE},       {"pending", REPLAY_PENDING},
        {"paused", REPLAY_PAUSED},     {"disabled", REPLAY_DISABLED}, {"gone", REPLAY_GONE},
        {"outlived", REPLAY_OUTLIVED}, {"absent", REPLAY_ABSENT},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_is(word, words[i].word)) {
            *out = words[i].result;
            return true;
        }
    }
    return false;
}

static void ask(struct replay *replay);

/* What is left for later stays asked for. False for an answer that is none. */
static bool read_words(struct replay *replay, const struct redis_reply *reply)
{
    size_t left = 0;
    if (redis_reply_count(reply) != replay->asked_count)
        return false;
    for (size_t i = 0; i < replay->asked_count; i++) {
        struct slice word = redis_reply_text(redis_reply_at(reply, i));
        size_t index = replay->asked[i];
        if (slice_is(word, "later"))
            replay->asked[left++] = index;
        else if (!read_word(word, &replay->results[index]))
            return false;
    }
    bool is_further = left < replay->asked_count;
    replay->asked_count = left;
    return is_further;
}

static void on_words(enum status status, const struct redis_reply *reply, void *self)
{
    struct replay *replay = self;
    if (status == STATUS_OK && !read_words(replay, reply))
        status = STATUS_UNSURE;
    if (status == STATUS_OK && replay->asked_count > 0)
        ask(replay);
    else
        replay->fn(status, status == STATUS_OK ? replay->results : NULL, replay->self);
}

static void start_purge(struct redis_command *command, const struct replay *replay)
{
    static const struct org_key keys[] = {
        {KEY_DLQ, false}, {KEY_RECORD, false}, {KEY_ORG_DLQ, false}, {KEY_ORG_LETTERS, false}};
    org_script_start(command, replay->call, SCRIPT_PURGE_LETTERS, keys,
                     sizeof keys / sizeof keys[0]);
    redis_command_arg(command, replay->call->principal.org);
}

static void start_replay(struct redis_command *command, const struct replay *replay)
{
    static const struct org_key keys[] = {
        {KEY_EVENTS, false},  {KEY_DELIVERIES, false}, {KEY_DUE, false},
        {KEY_WAITING, false}, {KEY_DLQ, false},        {KEY_RECORD, false},
        {KEY_ORG_DLQ, false}, {KEY_ENDPOINT, false},   {KEY_ORG_LETTERS, false}};
    org_script_start(command, replay->call, SCRIPT_REPLAY, keys, sizeof keys / sizeof keys[0]);
    redis_command_arg(command, replay->call->principal.org);
    redis_command_text(command, replay->kind == REPLAY_DEAD ? "dead" : "any");
    redis_command_text(command, ""); /* Redis's own time */
}

static void ask(struct replay *replay)
{
    struct redis_command command;
    bool is_purge = replay->kind == REPLAY_PURGE;
    if (is_purge)
        start_purge(&command, replay);
    else
        start_replay(&command, replay);
    for (size_t i = 0; i < replay->asked_count; i++) {
        redis_command_arg(&command, replay->pairs[replay->asked[i]].event);
        redis_command_arg(&command, replay->pairs[replay->asked[i]].endpoint);
    }
    org_script_send(replay->call, is_purge ? SCRIPT_PURGE_LETTERS : SCRIPT_REPLAY, &command,
                    on_words, replay);
}

void replay_start(struct call *call, enum replay_kind kind, const struct replay_pair *pairs,
                  size_t count, replay_fn fn, void *self)
{
    struct replay *replay = http_request_alloc(call->http, sizeof *replay);
    must(count > 0);
    *replay = (struct replay){
        .call = call, .kind = kind, .pairs = pairs, .count = count, .fn = fn, .self = self};
    replay->results = http_request_alloc(call->http, count * sizeof *replay->results);
    replay->asked = http_request_alloc(call->http, count * sizeof *replay->asked);
    replay->asked_count = count;
    for (size_t i = 0; i < count; i++)
        replay->asked[i] = i;
    ask(replay);
}
