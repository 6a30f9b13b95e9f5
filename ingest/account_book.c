#include "account_book.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/script.h"
#include "model/keys.h"
#include "metrics.h"

#define SLICES_MAX 64
#define FORGERIES 10 /* for so many known ones one that is not is remembered */
#define USE_NOTED_MS (10 * 60 * 1000)
#define USE_AHEAD_MS 1000 /* more than the coarse clock lags */

struct shelf {
    struct account_book *book;
    enum account_kind kind;
    struct cache *cache;
};

struct account_book {
    struct store *store;
    struct shelf shelves[ACCOUNT_KINDS];
    struct redis_command command;
};

struct load {
    struct shelf *shelf;
    void *ticket;
};

/* Copies the record, and the texts that it points to behind it. */
static void *copy_record(void *record, size_t size, struct slice *const *texts, size_t count)
{
    size_t len = size;
    for (size_t i = 0; i < count; i++)
        len += texts[i]->len;
    char *copy = xmalloc(len), *at = copy + size;
    for (size_t i = 0; i < count; i++) {
        if (texts[i]->len)
            memcpy(at, texts[i]->at, texts[i]->len);
        texts[i]->at = at;
        at += texts[i]->len;
    }
    memcpy(copy, record, size);
    return copy;
}

static enum status read_organization(const struct slice *fields, size_t count, void **out)
{
    struct organization_record record;
    struct slice *const texts[] = {&record.id, &record.name};
    if (organization_record_read(fields, count, &record) != STATUS_OK)
        return STATUS_INVALID;
    if (record.deleted_at_ms > 0)
        return STATUS_ABSENT;
    *out = copy_record(&record, sizeof record, texts, sizeof texts / sizeof texts[0]);
    return STATUS_OK;
}

static enum status read_key(const struct slice *fields, size_t count, void **out)
{
    struct key_record record;
    struct slice *texts[KEY_RECORD_TEXTS];
    key_record_texts(&record, texts);
    if (key_record_read(fields, count, &record) != STATUS_OK)
        return STATUS_INVALID;
    *out = copy_record(&record, sizeof record, texts, KEY_RECORD_TEXTS);
    return STATUS_OK;
}

static void on_record(enum status status, const struct redis_reply *reply, void *self)
{
    struct load load = *(struct load *)self;
    struct slice fields[SLICES_MAX];
    void *value = NULL;
    free(self);
    if (status == STATUS_CANCELLED)
        status = STATUS_DOWN;
    if (status == STATUS_OK) {
        size_t count = redis_reply_slices(reply, fields, SLICES_MAX);
        if (count == 0)
            status = STATUS_ABSENT;
        else if (load.shelf->kind == ACCOUNT_KEY)
            status = read_key(fields, count, &value);
        else
            status = read_organization(fields, count, &value);
    }
    cache_loaded(load.shelf->cache, load.ticket, status, value);
}

static void start_load(struct slice id, void *ticket, void *self)
{
    struct shelf *shelf = self;
    struct account_book *book = shelf->book;
    struct load *load = xmalloc(sizeof *load);
    *load = (struct load){shelf, ticket};
    struct key key = shelf->kind == ACCOUNT_KEY ? key_api_key(id) : key_org(id);
    redis_command_start(&book->command);
    redis_command_text(&book->command, "HGETALL");
    redis_command_arg(&book->command, key_slice(&key));
    redis_send(store_redis(book->store), &book->command, on_record, load);
}

static void on_cache_result(enum cache_result result, void *self)
{
    const struct shelf *shelf = self;
    metric_add(METRIC_CACHE, metric_cache_index(shelf->kind, result), 1);
}

struct account_book *account_book_new(struct loop *loop, struct store *store,
                                      const struct account_book_options *options)
{
    struct account_book *book = xcalloc(1, sizeof *book);
    book->store = store;
    redis_command_init(&book->command);
    for (enum account_kind kind = 0; kind < ACCOUNT_KINDS; kind++) {
        struct shelf *shelf = &book->shelves[kind];
        struct cache_options cache = {
            .max = options->max,
            .negative_max = options->max / FORGERIES + 1,
            .ttl_ms = options->ttl_ms,
            .negative_ttl_ms = options->negative_ttl_ms,
            .load = start_load,
            .free_value = free,
            .on_result = on_cache_result,
            .self = shelf,
        };
        *shelf = (struct shelf){book, kind, cache_new(loop, &cache)};
    }
    return book;
}

void account_book_free(struct account_book **book_at)
{
    struct account_book *book = *book_at;
    *book_at = NULL;
    if (!book)
        return;
    for (enum account_kind kind = 0; kind < ACCOUNT_KINDS; kind++)
        cache_free(&book->shelves[kind].cache);
    redis_command_fini(&book->command);
    free(book);
}

enum status account_book_peek(struct account_book *book, enum account_kind kind, struct slice id,
                              struct cache_value **out)
{
    return cache_peek(book->shelves[kind].cache, id, out);
}

void account_book_get(struct account_book *book, enum account_kind kind, struct slice id,
                      cache_fn fn, void *self)
{
    cache_get(book->shelves[kind].cache, id, fn, self);
}

void account_book_apply(struct account_book *book, const struct config_change *change)
{
    static const char *const names[] = {[ACCOUNT_KEY] = "key", [ACCOUNT_ORGANIZATION] = "org"};
    for (enum account_kind kind = 0; kind < ACCOUNT_KINDS; kind++) {
        struct cache *cache = book->shelves[kind].cache;
        if (change->flush)
            cache_flush(cache);
        else if (slice_is(change->kind, names[kind]))
            cache_bust(cache, change->id);
    }
}

/* Not announced: other processes need not know. */
static void write_use(struct account_book *book, struct slice hash, int64_t now_ms)
{
    struct key key = key_api_key(hash);
    script_start(&book->command, SCRIPT_CONFIGURE, 1);
    redis_command_arg(&book->command, key_slice(&key));
    redis_command_text(&book->command, "change");
    redis_command_text(&book->command, "");
    redis_command_text(&book->command, "last_used_at");
    redis_command_int(&book->command, now_ms);
    script_send(store_redis(book->store), SCRIPT_CONFIGURE, &book->command, NULL, NULL);
}

void account_book_used(struct account_book *book, struct slice hash, struct cache_value *value)
{
    struct key_record *record = cache_value_of(value);
    const int64_t since_ms = clock_coarse_wall_ms() - record->last_used_at_ms;
    /* Far ahead of now it is after the clock was set back. */
    if (since_ms > -USE_AHEAD_MS && since_ms < USE_NOTED_MS)
        return;
    record->last_used_at_ms = clock_wall_ms();
    write_use(book, hash, record->last_used_at_ms);
}

size_t account_book_size(const struct account_book *book, enum account_kind kind)
{
    return cache_size(book->shelves[kind].cache);
}
