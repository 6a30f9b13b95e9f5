/*
 * endpoint_book.c - from the hash in Redis to a signer and header lines
 */
#include "endpoint_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "metrics.h"

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
    signers_free(&record->signers);
    http_headers_free(&record->headers);
    free(record);
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
    struct endpoint_record *record = xcalloc(1, sizeof *record + endpoint->url.len + 1);
    record->endpoint = endpoint;
    memcpy(record->url, endpoint->url.at, endpoint->url.len);
    record->signers = signers_new(book->secret_key, endpoint);
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

size_t endpoint_book_size(const struct endpoint_book *book)
{
    return cache_size(book->cache);
}
