/*
 * config_feed.c - follows mr:config, and knows when it has missed something
 *
 * One rule finds every gap: the entry after which was read must still be in the stream. Streams lose entries from the old end, so
 * while it is there nothing behind it is gone. It is looked for after each read, and before the first one of a connection.
 */
#include "config_feed.h"

#include <stdlib.h>
#include <string.h>

#include "../base/log.h"
#include "../base/must.h"
#include "../model/fields.h"
#include "../model/ids.h"
#include "../model/keys.h"
#include "script.h"

#define BLOCK_MS 5000
#define REPLY_TIMEOUT_MS (BLOCK_MS + 3000)
#define CONNECT_TIMEOUT_MS 2000
#define RETRY_MS 1000
#define READ_MAX 500
#define FIELDS_MAX 32
#define LOG_INTERVAL_MS 30000
#define KEPT_ABOUT 10000
#define START "0-0"

struct config_feed {
    struct loop *loop;
    struct redis *redis; /* NULL when freed */
    struct redis_command command;
    struct loop_timer *timer_retry;
    config_change_fn fn;
    void *self;
    char last[STREAM_ID_SIZE];  /* "" before the first answer, START when the stream was empty */
    char place[STREAM_ID_SIZE]; /* the entry to look for: the one before the last read */
    struct log_limit log_limit;
};

static void on_place(enum status status, const struct redis_reply *reply, void *self);
static void on_newest(enum status status, const struct redis_reply *reply, void *self);
static void on_read(enum status status, const struct redis_reply *reply, void *self);

static void fail(struct config_feed *feed, enum status status, const struct redis_reply *reply)
{
    uint64_t more = 0;

    if (status == STATUS_CANCELLED)
        return;
    /* A lost connection is told by it, and its return starts the feed again. */
    if (!redis_is_up(feed->redis))
        return;
    loop_timer_start(feed->timer_retry, loop_jitter(RETRY_MS));
    if (log_limit_allows(&feed->log_limit, LOG_INTERVAL_MS, &more))
        log_event(LOG_WARN, "config.feed_failed", log_text("status", status_name(status)),
                  log_slice("error", redis_reply_text(reply)),
                  log_int("suppressed", (int64_t)more));
}

static void start_command(struct config_feed *feed, const char *name)
{
    redis_command_start(&feed->command);
    redis_command_text(&feed->command, name);
}

static void add_key(struct config_feed *feed)
{
    struct key key = key_config();
    redis_command_arg(&feed->command, key_slice(&key));
}

static void ask_newest(struct config_feed *feed)
{
    start_command(feed, "XREVRANGE");
    add_key(feed);
    redis_command_text(&feed->command, "+");
    redis_command_text(&feed->command, "-");
    redis_command_text(&feed->command, "COUNT");
    redis_command_int(&feed->command, 1);
    redis_send(feed->redis, &feed->command, on_newest, feed);
}

static void read_on(struct config_feed *feed)
{
    start_command(feed, "XREAD");
    redis_command_text(&feed->command, "COUNT");
    redis_command_int(&feed->command, READ_MAX);
    redis_command_text(&feed->command, "BLOCK");
    redis_command_int(&feed->command, BLOCK_MS);
    redis_command_text(&feed->command, "STREAMS");
    add_key(feed);
    redis_command_text(&feed->command, feed->last);
    redis_send(feed->redis, &feed->command, on_read, feed);
}

static void ask_place(struct config_feed *feed)
{
    start_command(feed, "XRANGE");
    add_key(feed);
    redis_command_text(&feed->command, feed->place);
    redis_command_text(&feed->command, feed->place);
    redis_send(feed->redis, &feed->command, on_place, feed);
}

static bool is_at_start(const struct config_feed *feed)
{
    return strcmp(feed->last, START) == 0;
}

static void go_on(void *self)
{
    struct config_feed *feed = self;

    memcpy(feed->place, feed->last, sizeof feed->place);
    if (feed->last[0] == '\0')
        ask_newest(feed);
    else if (is_at_start(feed))
        read_on(feed); /* nothing was there, so nothing can be missing yet */
    else
        ask_place(feed);
}

static void on_place(enum status status, const struct redis_reply *reply, void *self)
{
    struct config_feed *feed = self;

    if (status != STATUS_OK || redis_reply_type(reply) != REDIS_LIST)
        fail(feed, status, reply);
    else if (redis_reply_count(reply) > 0)
        read_on(feed);
    else
        ask_newest(feed);
}

/* False, and nothing taken, when the text is not an id. */
static bool take_id(struct config_feed *feed, const struct redis_reply *entry)
{
    struct stream_id id;

    if (stream_id_parse(redis_reply_text(redis_reply_at(entry, 0)), &id) != STATUS_OK)
        return false;
    stream_id_format(id, feed->last);
    return true;
}

static void tell_flush(struct config_feed *feed)
{
    const struct config_change flush = {.flush = true};
    feed->fn(&flush, feed->self);
}

static void on_newest(enum status status, const struct redis_reply *reply, void *self)
{
    struct config_feed *feed = self;
    const struct redis_reply *entry = redis_reply_at(reply, 0);

    if (status != STATUS_OK || redis_reply_type(reply) != REDIS_LIST) {
        fail(feed, status, reply);
        return;
    }
    if (entry == NULL) {
        memcpy(feed->last, START, sizeof START);
    } else if (!take_id(feed, entry)) {
        fail(feed, STATUS_FAILED, NULL);
        return;
    }
    /* The first time too: what was cached before this moment may have changed unseen. */
    tell_flush(feed);
    if (feed->redis != NULL)
        read_on(feed);
}

static void tell(struct config_feed *feed, const struct redis_reply *entry)
{
    static const char *const names[] = {"kind", "id", "org", "action"};
    struct slice fields[FIELDS_MAX];
    struct slice values[4];
    size_t count = redis_reply_slices(redis_reply_at(entry, 1), fields, FIELDS_MAX);
    struct config_change change = {0};

    if (fields_pick(fields, count, names, 4, values) != STATUS_OK || values[0].len == 0 ||
        values[1].len == 0) {
        log_event(LOG_WARN, "config.bad_entry",
                  log_slice("entry", redis_reply_text(redis_reply_at(entry, 0))));
        return;
    }
    change.kind = values[0];
    change.id = values[1];
    change.org = values[2];
    change.action = values[3];
    feed->fn(&change, feed->self);
}

static void on_read(enum status status, const struct redis_reply *reply, void *self)
{
    struct config_feed *feed = self;
    const struct redis_reply *entries = redis_reply_at(redis_reply_at(reply, 0), 1);
    size_t count = redis_reply_count(entries);

    if (status == STATUS_OK && redis_reply_type(reply) == REDIS_NIL) {
        go_on(feed);
        return;
    }
    if (status != STATUS_OK || count == 0) {
        fail(feed, status, reply);
        return;
    }
    memcpy(feed->place, feed->last, sizeof feed->place);
    if (is_at_start(feed)) /* whether these are the first ones nobody knows */
        tell_flush(feed);
    for (size_t i = 0; i < count && feed->redis != NULL; i++) {
        if (!take_id(feed, redis_reply_at(entries, i))) {
            fail(feed, STATUS_FAILED, NULL);
            return;
        }
        tell(feed, redis_reply_at(entries, i));
    }
    if (feed->redis == NULL)
        return;
    if (strcmp(feed->place, START) == 0)
        read_on(feed);
    else
        ask_place(feed);
}

static void on_state(bool up, void *self)
{
    struct config_feed *feed = self;

    if (up)
        go_on(feed);
    else
        loop_timer_stop(feed->timer_retry);
}

struct config_feed *config_feed_new(struct loop *loop, const struct redis_address *address,
                                    const char *client_name, config_change_fn fn, void *self)
{
    struct config_feed *feed = xcalloc(1, sizeof *feed);
    struct redis_options options = {.address = *address,
                                    .client_name = client_name,
                                    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                    .reply_timeout_ms = REPLY_TIMEOUT_MS};

    feed->loop = loop;
    feed->fn = fn;
    feed->self = self;
    redis_command_init(&feed->command);
    feed->timer_retry = loop_timer_new(loop, go_on, feed);
    feed->redis = redis_new(loop, &options);
    redis_listen(feed->redis, on_state, feed);
    return feed;
}

static void release(void *self)
{
    struct config_feed *feed = self;

    redis_command_fini(&feed->command);
    free(feed);
}

void config_feed_free(struct config_feed **feed_at)
{
    struct config_feed *feed = *feed_at;

    *feed_at = NULL;
    if (feed == NULL)
        return;
    loop_timer_free(&feed->timer_retry);
    redis_free(&feed->redis);
    loop_later(feed->loop, release, feed); /* it may be telling a change just now */
}

void config_announce(struct redis *redis, struct slice kind, struct slice id, struct slice org,
                     const char *action, redis_reply_fn fn, void *self)
{
    struct key key = key_config();
    struct redis_command command;

    redis_command_init(&command);
    script_start(&command, SCRIPT_APPEND_WHEN_FULL, 1);
    redis_command_arg(&command, key_slice(&key));
    redis_command_text(&command, "MAXLEN");
    redis_command_text(&command, "~");
    redis_command_int(&command, KEPT_ABOUT);
    redis_command_text(&command, "*");
    redis_command_text(&command, "kind");
    redis_command_arg(&command, kind);
    redis_command_text(&command, "id");
    redis_command_arg(&command, id);
    redis_command_text(&command, "org");
    redis_command_arg(&command, org);
    redis_command_text(&command, "action");
    redis_command_text(&command, action);
    script_send(redis, SCRIPT_APPEND_WHEN_FULL, &command, fn, self);
    redis_command_fini(&command);
}

bool config_feed_is_at(const struct config_feed *feed, struct slice entry)
{
    return entry.len == 0 ? strcmp(feed->last, START) == 0 : slice_is(entry, feed->last);
}
