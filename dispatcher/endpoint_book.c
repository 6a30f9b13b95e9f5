/*
 * endpoint_book.c - from the hash in Redis to a signer and header lines
 */
#include "endpoint_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "io/script.h"
#include "metrics.h"
#include "model/secret_box.h"

#define ABSENT_TTL_MS 5000
#define FIELDS_MAX 64

struct endpoint_book {
    struct store *store;
    struct cache *cache;
    const uint8_t *secret_key;
    struct redis_command command;
};

struct load {
    struct endpoint_book *book;
    void *ticket;
    struct key key;
};

static void record_free(void *value)
{
    struct endpoint_record *record = value;
    endpoint_free(&record->endpoint);
    free(record->url);
    signer_free(&record->signer);
    http_headers_free(&record->headers);
    free(record);
}

static struct signer *open_signer(const struct endpoint_book *book, const struct endpoint *endpoint)
{
    struct buf context, text;
    struct signing_secret secret;
    buf_init(&context, 256);
    buf_init(&text, 1024);
    buf_printf(&context, "%s|%s|secret", endpoint->org, endpoint->id);
    enum status status =
        secret_box_open(book->secret_key, buf_slice(&context), endpoint->sealed_secret, &text);
    if (status == STATUS_OK) {
        status = signing_secret_parse(buf_slice(&text), &secret);
    }
    struct signer *signer = status == STATUS_OK ? signer_new(&secret) : NULL;
    if (!signer) {
        log_event(LOG_ERROR, "endpoint.secret_unreadable", log_text("endpoint", endpoint->id),
                  log_text("status", status_name(status)));
    }
    buf_fini(&text);
    buf_fini(&context);
    return signer;
}

static enum status make_record(const struct endpoint_book *book, struct slice key,
                               const struct redis_reply *reply, struct endpoint_record **out)
{
    struct slice fields[FIELDS_MAX];
    size_t count = redis_reply_slices(reply, fields, FIELDS_MAX);
    if (count == 0) {
        return STATUS_ABSENT;
    }
    struct endpoint *endpoint = NULL;
    enum status status = endpoint_from_fields(fields, count, &endpoint);
    if (status != STATUS_OK) {
        log_event(LOG_ERROR, "endpoint.unreadable", log_slice("key", key));
        return status;
    }
    struct endpoint_record *record = xcalloc(1, sizeof *record);
    record->endpoint = endpoint;
    record->url = xslicedup(endpoint->url);
    record->signer = open_signer(book, endpoint);
    record->headers = http_headers_new(endpoint->headers, endpoint->headers_count);
    *out = record;
    return STATUS_OK;
}

static void on_hash(enum status status, const struct redis_reply *reply, void *self)
{
    struct load *load = self;
    struct endpoint_record *record = NULL;
    if (status == STATUS_OK) {
        status = make_record(load->book, key_slice(&load->key), reply, &record);
    }
    cache_loaded(load->book->cache, load->ticket, status, record);
    free(load);
}

static void start_load(struct slice key, void *ticket, void *self)
{
    struct endpoint_book *book = self;
    struct load *load = xcalloc(1, sizeof *load);
    *load = (struct load){.book = book, .ticket = ticket, .key.len = key.len};
    memcpy(load->key.at, key.at, key.len);
    redis_command_start(&book->command);
    redis_command_text(&book->command, "HGETALL");
    redis_command_arg(&book->command, key);
    redis_send(store_redis(book->store), &book->command, on_hash, load);
}

static void on_result(enum cache_result result, void *self)
{
    (void)self;
    metric_add(METRIC_CACHE, result, 1);
}

struct endpoint_book *endpoint_book_new(struct loop *loop, struct store *store,
                                        const struct endpoint_book_options *book_options)
{
    struct endpoint_book *book = xcalloc(1, sizeof *book);
    book->store = store;
    book->secret_key = book_options->secret_key;
    redis_command_init(&book->command);
    struct cache_options options = {
        .max = book_options->max,
        .ttl_ms = book_options->ttl_ms,
        .negative_ttl_ms =
            book_options->ttl_ms < ABSENT_TTL_MS ? book_options->ttl_ms : ABSENT_TTL_MS,
        .load = start_load,
        .free_value = record_free,
        .self = book,
        .on_result = on_result,
    };
    book->cache = cache_new(loop, &options);
    return book;
}

void endpoint_book_free(struct endpoint_book **book_at)
{
    struct endpoint_book *book = *book_at;
    *book_at = NULL;
    if (book) {
        cache_free(&book->cache);
        redis_command_fini(&book->command);
        free(book);
    }
}

enum status endpoint_book_peek(struct endpoint_book *book, const struct key *key,
                               struct cache_value **out)
{
    return cache_peek(book->cache, key_slice(key), out);
}

void endpoint_book_get(struct endpoint_book *book, const struct key *key, cache_fn fn, void *self)
{
    cache_get(book->cache, key_slice(key), fn, self);
}

static struct key key_in(const struct endpoint_book *book, struct slice org,
                         struct slice endpoint_id)
{
    return key_of_id(partition_of(org, store_partitions(book->store)), KEY_ENDPOINT, endpoint_id);
}

void endpoint_book_apply(struct endpoint_book *book, const struct config_change *change)
{
    if (change->flush) {
        cache_flush(book->cache);
    } else if (slice_is(change->kind, "endpoint") && change->id.len < OTHER_ID_SIZE) {
        struct key key = key_in(book, change->org, change->id);
        cache_bust(book->cache, key_slice(&key));
    }
}

static void on_disabled(enum status status, const struct redis_reply *reply, void *self)
{
    (void)self;
    if (status != STATUS_OK && status != STATUS_CANCELLED) {
        log_event(LOG_WARN, "endpoint.not_disabled", log_text("status", status_name(status)),
                  log_slice("answer", redis_reply_text(reply)));
    }
}

void endpoint_book_disable_gone(struct endpoint_book *book, struct endpoint_record *record)
{
    if (record->is_gone) {
        return;
    }
    record->is_gone = true;
    const struct endpoint *endpoint = record->endpoint;
    struct redis *redis = store_redis(book->store);
    struct slice id = slice_of(endpoint->id), org = slice_of(endpoint->org);
    struct key key = key_in(book, org, id);
    log_event(LOG_WARN, "endpoint.disabled", log_slice("endpoint", id), log_slice("org", org),
              log_text("reason", "gone"));
    script_start(&book->command, SCRIPT_CONFIGURE, 1);
    redis_command_arg(&book->command, key_slice(&key));
    redis_command_text(&book->command, "change");
    redis_command_text(&book->command, "");
    redis_command_text(&book->command, "");
    redis_command_text(&book->command, "disabled");
    redis_command_text(&book->command, "1");
    redis_command_text(&book->command, "disabled_reason");
    redis_command_text(&book->command, "gone");
    redis_command_text(&book->command, "updated_at");
    redis_command_int(&book->command, clock_wall_ms());
    script_send(redis, SCRIPT_CONFIGURE, &book->command, on_disabled, NULL);
    config_announce(redis, SLICE("endpoint"), id, org, "changed", NULL, NULL);
    cache_bust(book->cache,
               key_slice(&key)); /* the next look-up is behind the change in the same pipeline */
}
