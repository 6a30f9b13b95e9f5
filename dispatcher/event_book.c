/*
 * event_book.c - one entry of the log becomes the body of its webhooks
 */
#include "event_book.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/keys.h"
#include "model/webhook.h"

#define BODIES_MAX 32
#define TTL_MS 60000
#define FIELDS_MAX 32
#define ENVELOPE_MAX ((size_t)2048)

struct event_book {
    struct store *store;
    struct cache *cache;
    struct redis_command command;
};

struct load {
    struct event_book *book;
    void *ticket;
    char event_id[EVENT_ID_LEN + 1];
};

static void body_free(void *value)
{
    struct buf *body = value;
    buf_fini(body);
    free(body);
}

static struct slice find(const struct slice *fields, size_t count, const char *name)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        if (slice_is(fields[i], name)) {
            return fields[i + 1];
        }
    }
    return (struct slice){0};
}

/* [[id, [name, value, …]]], or an empty list. */
static enum status make_body(const struct redis_reply *reply, const char *event_id,
                             struct buf **out)
{
    if (redis_reply_count(reply) == 0) {
        return STATUS_ABSENT;
    }
    struct slice fields[FIELDS_MAX];
    size_t count =
        redis_reply_slices(redis_reply_at(redis_reply_at(reply, 0), 1), fields, FIELDS_MAX);
    struct slice data = find(fields, count, "data");
    struct slice ce = find(fields, count, "ce");
    if (data.len == 0) {
        return STATUS_INVALID;
    }
    struct buf *body = xcalloc(1, sizeof *body);
    buf_init(body, data.len + ce.len + ENVELOPE_MAX);
    webhook_body(body, slice_of(event_id), find(fields, count, "type"), find(fields, count, "time"),
                 data, ce);
    if (body->overflow) {
        body_free(body);
        return STATUS_INVALID;
    }
    *out = body;
    return STATUS_OK;
}

static void on_range(enum status status, const struct redis_reply *reply, void *self)
{
    struct load *load = self;
    struct buf *body = NULL;
    if (status == STATUS_OK) {
        status = make_body(reply, load->event_id, &body);
    }
    cache_loaded(load->book->cache, load->ticket, status, body);
    free(load);
}

/* key: a valid id of an event. */
static void start_load(struct slice key, void *ticket, void *self)
{
    struct event_book *book = self;
    struct event_id id;
    struct load *load = xcalloc(1, sizeof *load);
    *load = (struct load){.book = book, .ticket = ticket};
    must(slice_to_text(key, load->event_id, sizeof load->event_id) == STATUS_OK);
    must(event_id_parse(key, &id) == STATUS_OK);
    char entry[STREAM_ID_SIZE];
    stream_id_format(id.entry, entry);
    struct key events = key_of(id.partition, KEY_EVENTS);
    redis_command_start(&book->command);
    redis_command_text(&book->command, "XRANGE");
    redis_command_arg(&book->command, key_slice(&events));
    redis_command_text(&book->command, entry);
    redis_command_text(&book->command, entry);
    redis_send(store_redis(book->store), &book->command, on_range, load);
}

struct event_book *event_book_new(struct loop *loop, struct store *store)
{
    struct event_book *book = xcalloc(1, sizeof *book);
    book->store = store;
    redis_command_init(&book->command);
    struct cache_options options = {
        .max = BODIES_MAX,
        .ttl_ms = TTL_MS,
        .negative_ttl_ms = 0, /* an expired event has no second delivery soon */
        .load = start_load,
        .free_value = body_free,
        .self = book,
    };
    book->cache = cache_new(loop, &options);
    return book;
}

void event_book_free(struct event_book **book_at)
{
    struct event_book *book = *book_at;
    *book_at = NULL;
    if (book) {
        cache_free(&book->cache);
        redis_command_fini(&book->command);
        free(book);
    }
}

void event_book_get(struct event_book *book, struct slice event_id, cache_fn fn, void *self)
{
    cache_get(book->cache, event_id, fn, self);
}

struct slice event_book_body(struct cache_value *value)
{
    return buf_slice(cache_value_of(value));
}
