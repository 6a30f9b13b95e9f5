/*
 * catalog.c - loads an organization's endpoints in chunks: some ids, then what decides about a match
 * of each
 *
 * A chunk goes on after the last id of the one before. What changes meanwhile is announced, and
 * makes the whole be loaded again.
 * Warts:  a change of one endpoint costs a load of all that its organization has.
 */
#include "catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "model/event_pattern.h"
#include "model/ids.h"
#include "model/json.h"
#include "model/keys.h"

#define CHUNK 500
#define FROM_MAX 256

struct catalog {
    struct store *store;
    struct cache *cache;
    struct catalog_options options;
    struct redis_command command;
};

/* One load under way. Owned by the callbacks it waits for: the last one ends it. */
struct load {
    struct catalog *catalog;
    void *ticket;
    struct match_index *index;
    char org[OTHER_ID_SIZE];
    struct buf from; /* where the next chunk begins: "-", or "(" and the last id listed */
    size_t listed;   /* ids in the chunk under way */
    size_t waiting;  /* answers */
    enum status status;
};

static const char *const decides[] = {"event_types", "disabled", "filter",
                                      "paused",      "ordered",  "rate_per_second"};

/* What an answer to one HMGET of those is about. */
struct row {
    struct load *load;
    char id[OTHER_ID_SIZE];
};

static void on_list(enum status status, const struct redis_reply *reply, void *self);

static uint32_t partition_for(const struct load *load)
{
    return partition_of(slice_of(load->org), store_partitions(load->catalog->store));
}

static void ask_list(struct load *load)
{
    struct key key = key_of_id(partition_for(load), KEY_ORG_ENDPOINTS, slice_of(load->org));
    struct redis_command *command = &load->catalog->command;
    redis_command_start(command);
    redis_command_text(command, "ZRANGE");
    redis_command_arg(command, key_slice(&key));
    redis_command_arg(command, buf_slice(&load->from));
    redis_command_text(command, "+");
    redis_command_text(command, "BYLEX");
    redis_command_text(command, "LIMIT");
    redis_command_int(command, 0);
    redis_command_int(command, CHUNK);
    load->waiting++;
    redis_send(store_redis(load->catalog->store), command, on_list, load);
}

static void end_load(struct load *load)
{
    if (load->status == STATUS_CANCELLED)
        load->status = STATUS_DOWN;
    if (load->status != STATUS_OK)
        match_index_free(&load->index);
    cache_loaded(load->catalog->cache, load->ticket, load->status, load->index);
    buf_fini(&load->from);
    free(load);
}

static void answered(struct load *load, enum status status)
{
    if (status != STATUS_OK)
        load->status = status;
    if (--load->waiting > 0)
        return;
    if (load->status == STATUS_OK && load->listed == CHUNK)
        ask_list(load);
    else
        end_load(load);
}

/* A JSON array of patterns, which need no escapes. How many, or 0 when the text is not what we
 * write. */
static size_t read_patterns(struct slice json, struct slice out[EVENT_PATTERNS_MAX])
{
    struct json_span_iter iter;
    struct slice name, value;
    size_t count = 0;
    if (json_check_depth(json, 1) != STATUS_OK || !json_spans_start(json, &iter))
        return 0;
    while (json_spans_next(&iter, &name, &value)) {
        if (count == EVENT_PATTERNS_MAX || value.len < 3)
            return 0;
        out[count] = (struct slice){value.at + 1, value.len - 2};
        if (!event_pattern_is_valid(out[count++]))
            return 0;
    }
    return count;
}

/* "" leaves NULL: no filter. */
static enum status read_filter(const struct redis_reply *reply, struct filter **out)
{
    struct slice text = redis_reply_text(reply);
    struct problem unread;
    if (redis_reply_type(reply) != REDIS_TEXT)
        return STATUS_INVALID;
    if (text.len == 0)
        return STATUS_OK;
    *out = filter_compile(text, &unread);
    return *out ? STATUS_OK : STATUS_INVALID;
}

static void report_unreadable(const char *id, struct slice why)
{
    log_event(LOG_ERROR, "endpoint.unreadable", log_text("endpoint", id), log_slice("why", why));
}

static bool is_set(const struct redis_reply *reply, size_t index)
{
    struct slice text = redis_reply_text(redis_reply_at(reply, index));
    return text.len > 0 && !slice_is(text, "0");
}

static enum match_state read_state(const struct redis_reply *reply)
{
    if (is_set(reply, 1))
        return MATCH_OFF;
    return is_set(reply, 3) || is_set(reply, 4) || is_set(reply, 5) ? MATCH_GATED : MATCH_ON;
}

static void add_endpoint(struct load *load, const char *id, const struct redis_reply *reply)
{
    struct slice types = redis_reply_text(redis_reply_at(reply, 0));
    struct slice patterns[EVENT_PATTERNS_MAX];
    if (types.len == 0)
        return; /* deleted since the list was read */
    size_t count = read_patterns(types, patterns);
    if (count == 0) {
        report_unreadable(id, SLICE("event_types"));
        return;
    }
    struct filter *filter = NULL;
    if (read_filter(redis_reply_at(reply, 2), &filter) != STATUS_OK) {
        report_unreadable(id, SLICE("filter"));
        return;
    }
    match_index_add(load->index, slice_of(id), read_state(reply), patterns, count, &filter);
}

/* A record that Redis cannot read as one is its endpoint's trouble, not its organization's. */
static void on_endpoint(enum status status, const struct redis_reply *reply, void *self)
{
    struct row *row = self;
    struct load *load = row->load;
    if (status == STATUS_OK)
        add_endpoint(load, row->id, reply);
    else if (status == STATUS_FAILED)
        report_unreadable(row->id, redis_reply_text(reply));
    free(row);
    answered(load, status == STATUS_FAILED ? STATUS_OK : status);
}

static void ask_endpoint(struct load *load, struct slice id, uint32_t partition)
{
    struct row *row = xcalloc(1, sizeof *row);
    row->load = load;
    if (slice_to_text(id, row->id, sizeof row->id) != STATUS_OK) {
        free(row);
        return; /* not an id of ours */
    }
    struct key key = key_of_id(partition, KEY_ENDPOINT, id);
    struct redis_command *command = &load->catalog->command;
    redis_command_start(command);
    redis_command_text(command, "HMGET");
    redis_command_arg(command, key_slice(&key));
    for (size_t i = 0; i < sizeof decides / sizeof decides[0]; i++)
        redis_command_text(command, decides[i]);
    load->waiting++;
    redis_send(store_redis(load->catalog->store), command, on_endpoint, row);
}

static void on_list(enum status status, const struct redis_reply *reply, void *self)
{
    struct load *load = self;
    load->listed = status == STATUS_OK ? redis_reply_count(reply) : 0;
    for (size_t i = 0; i < load->listed; i++)
        ask_endpoint(load, redis_reply_text(redis_reply_at(reply, i)), partition_for(load));
    if (load->listed > 0) {
        buf_clear(&load->from);
        buf_add_char(&load->from, '(');
        buf_add_slice(&load->from, redis_reply_text(redis_reply_at(reply, load->listed - 1)));
    }
    answered(load, load->from.overflow ? STATUS_LIMIT : status);
}

static void start_load(struct slice org, void *ticket, void *self)
{
    struct catalog *catalog = self;
    struct load *load = xcalloc(1, sizeof *load);
    *load = (struct load){.catalog = catalog, .ticket = ticket, .index = match_index_new()};
    buf_init(&load->from, FROM_MAX);
    buf_add_char(&load->from, '-');
    must(slice_to_text(org, load->org, sizeof load->org) == STATUS_OK);
    ask_list(load);
}

static void free_index(void *value)
{
    struct match_index *index = value;
    match_index_free(&index);
}

static void count_result(enum cache_result result, void *self)
{
    struct catalog *catalog = self;
    if (catalog->options.on_result)
        catalog->options.on_result(result, NULL);
}

struct catalog *catalog_new(struct loop *loop, struct store *store,
                            const struct catalog_options *options)
{
    struct catalog *catalog = xcalloc(1, sizeof *catalog);
    catalog->store = store;
    catalog->options = *options;
    redis_command_init(&catalog->command);
    struct cache_options cache = {
        .max = options->organizations_max,
        .ttl_ms = options->ttl_ms,
        .negative_ttl_ms = options->ttl_ms,
        .load = start_load,
        .free_value = free_index,
        .on_result = count_result,
        .self = catalog,
    };
    catalog->cache = cache_new(loop, &cache);
    return catalog;
}

void catalog_free(struct catalog **catalog_at)
{
    struct catalog *catalog = *catalog_at;
    *catalog_at = NULL;
    if (!catalog)
        return;
    cache_free(&catalog->cache);
    redis_command_fini(&catalog->command);
    free(catalog);
}

enum status catalog_peek(struct catalog *catalog, struct slice org, struct cache_value **out)
{
    return cache_peek(catalog->cache, org, out);
}

void catalog_get(struct catalog *catalog, struct slice org, cache_fn fn, void *self)
{
    cache_get(catalog->cache, org, fn, self);
}

const struct match_index *catalog_index(struct cache_value *value)
{
    return cache_value_of(value);
}

void catalog_drop(struct catalog *catalog, struct slice org)
{
    cache_bust(catalog->cache, org);
}

void catalog_apply(struct catalog *catalog, const struct config_change *change)
{
    if (change->flush)
        cache_flush(catalog->cache);
    else if (slice_is(change->kind, "endpoint") || slice_is(change->kind, "org"))
        cache_bust(catalog->cache, change->org);
}

size_t catalog_size(const struct catalog *catalog)
{
    return cache_size(catalog->cache);
}
