/*
 * store.c - keeps the connection that everything works on, and checks it: on each connection, in doubt, then periodically
 *
 * A Redis that this process must never write to ends the process from here: there is no right way to go on, whoever asks, and the
 * parent or supervisor that starts it again finds the sentence as the last line of the log.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "../base/log.h"
#include "../base/must.h"
#include "../model/keys.h"
#include "store_facts.h"

#define CONNECT_TIMEOUT_MS 2000
#define REPLY_TIMEOUT_MS 4000
#define CHECK_INTERVAL_MS 30000
#define PROMISE_INTERVAL_MS 5000 /* with a promise to keep: so long an accept may say too much */
#define WAIT_INTERVAL_MS 1000
#define READY_FNS_MAX 8
#define FORMAT                                                                                     \
    "1" /* of all that is kept in Redis; a release that cannot read older data raises it */

const char *const durability_names[] = {
    [DURABILITY_RELAXED] = "relaxed", [DURABILITY_FSYNC] = "fsync", NULL};

struct ready_fn {
    loop_fn fn;
    void *self;
};

struct store {
    struct loop *loop;
    struct store_options options;
    struct redis *redis;
    struct redis_command command;
    struct loop_timer *timer_check;
    struct store_facts facts; /* of the check under way */
    struct store_verdict verdict;
    bool is_checked; /* since the connection was made */
    unsigned doubts;
    unsigned doubts_asked;   /* before the check under way began */
    unsigned doubts_settled; /* before the last one that passed began */
    bool was_ready;
    bool has_begun_meta; /* mr:meta was written in this check already */
    char why_not[320];
    struct ready_fn ready_fns[READY_FNS_MAX];
    size_t ready_fns_count;
};

static _Noreturn void refuse(const char *reason)
{
    log_event(LOG_ERROR, "store.refused", log_text("reason", reason));
    log_and_exit(EX_CONFIG);
}

static void not_ready(struct store *store, const char *why)
{
    if (strcmp(store->why_not, why) != 0)
        log_event(LOG_WARN, "store.not_ready", log_text("reason", why));
    snprintf(store->why_not, sizeof store->why_not, "%s", why);
    store->is_checked = false;
    if (redis_is_up(store->redis))
        loop_timer_start(store->timer_check, loop_jitter(WAIT_INTERVAL_MS));
}

static void not_answered(struct store *store, const char *what, enum status status,
                         const struct redis_reply *reply)
{
    struct slice text = redis_reply_text(reply);
    char why[sizeof store->why_not];

    if (status == STATUS_CANCELLED)
        return;
    snprintf(why, sizeof why, "%s: %s%s%.*s", what, status_name(status), text.len > 0 ? ": " : "",
             (int)text.len, text.at);
    not_ready(store, why);
}

static void tell_ready(void *self)
{
    struct store *store = self;

    while (store->ready_fns_count > 0) {
        struct ready_fn ready_fn = store->ready_fns[--store->ready_fns_count];
        ready_fn.fn(ready_fn.self);
    }
}

static void ready(struct store *store)
{
    bool is_promised = store->options.durability == DURABILITY_FSYNC;

    store->is_checked = true;
    store->why_not[0] = '\0';
    store->doubts_settled = store->doubts_asked;
    if (store->doubts_settled != store->doubts)
        loop_timer_start(store->timer_check, 0);
    else
        loop_timer_start(store->timer_check,
                         loop_jitter(is_promised ? PROMISE_INTERVAL_MS : CHECK_INTERVAL_MS));
    if (!store->was_ready) {
        store->was_ready = true;
        loop_later(store->loop, tell_ready, store);
    }
}

static void on_meta(enum status status, const struct redis_reply *reply, void *self);

static void start_meta(struct store *store, const char *name)
{
    struct key key = key_meta();

    redis_command_start(&store->command);
    redis_command_text(&store->command, name);
    redis_command_arg(&store->command, key_slice(&key));
}

static void ask_meta(struct store *store)
{
    start_meta(store, "HMGET");
    redis_command_text(&store->command, "partitions");
    redis_command_text(&store->command, "format");
    redis_send(store->redis, &store->command, on_meta, store);
}

/* The first of all processes records its settings; the others find them when they ask again. */
static void begin_meta(struct store *store)
{
    start_meta(store, "HSETNX");
    redis_command_text(&store->command, "partitions");
    redis_command_int(&store->command, store->options.partitions);
    redis_send(store->redis, &store->command, NULL, NULL);
    start_meta(store, "HSETNX");
    redis_command_text(&store->command, "format");
    redis_command_text(&store->command, FORMAT);
    redis_send(store->redis, &store->command, NULL, NULL);
    ask_meta(store);
}

static void check_meta(struct slice partitions, struct slice format, uint32_t wanted)
{
    char reason[240], text[16];

    if (!slice_is(format, FORMAT)) {
        snprintf(reason, sizeof reason,
                 "the data in Redis has format %.*s, this release reads and writes format " FORMAT,
                 (int)format.len, format.at);
        refuse(reason);
    }
    snprintf(text, sizeof text, "%u", wanted);
    if (!slice_is(partitions, text)) {
        snprintf(reason, sizeof reason,
                 "the data in Redis has %.*s partitions, but partitions is set to %s here: use the "
                 "figure of the data",
                 (int)partitions.len, partitions.at, text);
        refuse(reason);
    }
}

static void on_meta(enum status status, const struct redis_reply *reply, void *self)
{
    struct store *store = self;
    struct slice values[2] = {{0}, {0}};

    if (status != STATUS_OK || redis_reply_slices(reply, values, 2) != 2) {
        not_answered(store, "HMGET mr:meta", status, reply);
        return;
    }
    if (values[0].len > 0 && values[1].len > 0) {
        check_meta(values[0], values[1], store->options.partitions);
        ready(store);
    } else if (!store->has_begun_meta) {
        store->has_begun_meta = true;
        if (store->was_ready)
            log_event(LOG_ERROR, "store.emptied", log_text("reason", "Redis has lost its data"));
        begin_meta(store);
    } else {
        not_ready(store, "mr:meta cannot be written");
    }
}

static void take_verdict(struct store *store, const struct store_verdict *verdict)
{
    bool is_news = strcmp(verdict->warning, store->verdict.warning) != 0;

    if (verdict->refusal[0] != '\0')
        refuse(verdict->refusal);
    if (verdict->warning[0] != '\0' && store->options.is_production)
        refuse(verdict->warning);
    if (verdict->wait[0] != '\0') {
        not_ready(store, verdict->wait);
        return;
    }
    if (is_news && verdict->warning[0] != '\0')
        log_event(LOG_WARN, "store.warning", log_text("reason", verdict->warning));
    else if (is_news)
        log_event(LOG_INFO, "store.warning_over",
                  log_text("durability", durability_names[verdict->durability]));
    store->verdict = *verdict;
    store->has_begun_meta = false;
    ask_meta(store);
}

static void on_config(enum status status, const struct redis_reply *reply, void *self)
{
    struct store *store = self;
    struct store_verdict verdict;

    /* DENIED and FAILED are answers: an ACL, or a server that knows no CONFIG. */
    if (status != STATUS_OK && status != STATUS_DENIED && status != STATUS_FAILED) {
        not_answered(store, "CONFIG GET", status, reply);
        return;
    }
    store_facts_of_config(reply, &store->facts);
    store_judge(&store->facts, store->options.durability, &verdict);
    take_verdict(store, &verdict);
}

static void on_info(enum status status, const struct redis_reply *reply, void *self)
{
    struct store *store = self;
    struct store_verdict verdict;

    store->facts = (struct store_facts){0};
    if (status != STATUS_OK ||
        store_facts_of_info(redis_reply_text(reply), &store->facts) != STATUS_OK) {
        not_answered(store, "INFO", status, reply);
        return;
    }
    /* What is asked next is itself only known to a Redis that is new enough. */
    store_judge(&store->facts, DURABILITY_RELAXED, &verdict);
    if (verdict.refusal[0] != '\0' || verdict.wait[0] != '\0')
        take_verdict(store, &verdict);
    else
        redis_sendf(store->redis, on_config, store,
                    "CONFIG GET appendonly appendfsync no-appendfsync-on-rewrite");
}

static void check(void *self)
{
    struct store *store = self;

    store->doubts_asked = store->doubts;
    redis_sendf(store->redis, on_info, store, "INFO");
}

void store_doubt(struct store *store)
{
    store->doubts++;
    /* When it is not set, a check is under way, which leads to another one, or the next connection does. */
    if (loop_timer_is_set(store->timer_check))
        loop_timer_start(store->timer_check, 0);
}

static void on_state(bool up, void *self)
{
    struct store *store = self;

    store->is_checked = false;
    loop_timer_stop(store->timer_check);
    if (up)
        check(store);
}

struct store *store_new(struct loop *loop, const struct store_options *options)
{
    struct store *store = xcalloc(1, sizeof *store);
    struct redis_options redis = {.address = options->address,
                                  .client_name = options->client_name,
                                  .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                  .reply_timeout_ms = REPLY_TIMEOUT_MS,
                                  .load_scripts = true};

    store->loop = loop;
    store->options = *options;
    store->options.client_name = NULL; /* the caller's; the connection has a copy */
    store->timer_check = loop_timer_new(loop, check, store);
    redis_command_init(&store->command);
    store->redis = redis_new(loop, &redis);
    redis_listen(store->redis, on_state, store);
    return store;
}

static void release(void *self)
{
    struct store *store = self;

    redis_command_fini(&store->command);
    free(store);
}

void store_free(struct store **store_at)
{
    struct store *store = *store_at;

    *store_at = NULL;
    if (store == NULL)
        return;
    loop_later_cancel(store->loop, store);
    redis_free(&store->redis);
    loop_timer_free(&store->timer_check);
    loop_later(store->loop, release, store); /* a check of it may be the caller */
}

struct redis *store_redis(struct store *store)
{
    return store->redis;
}

uint32_t store_partitions(const struct store *store)
{
    return store->options.partitions;
}

const struct redis_address *store_address(const struct store *store)
{
    return &store->options.address;
}

static bool is_certain(const struct store *store)
{
    return store_is_ready(store) && store->doubts_settled == store->doubts;
}

enum durability store_durability(const struct store *store)
{
    return is_certain(store) ? store->verdict.durability : DURABILITY_RELAXED;
}

bool store_needs_waitaof(const struct store *store)
{
    return is_certain(store) && store->verdict.needs_waitaof;
}

void store_on_ready(struct store *store, loop_fn fn, void *self)
{
    must(store->ready_fns_count < READY_FNS_MAX);
    store->ready_fns[store->ready_fns_count++] = (struct ready_fn){.fn = fn, .self = self};
    if (store->was_ready)
        loop_later(store->loop, tell_ready, store);
}

bool store_is_ready(const struct store *store)
{
    return redis_is_up(store->redis) && store->is_checked;
}

const char *store_why_not(const struct store *store)
{
    if (!redis_is_up(store->redis))
        return redis_last_error(store->redis);
    return store->is_checked || store->why_not[0] != '\0' ? store->why_not : "being checked";
}
