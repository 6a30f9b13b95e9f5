#include "key_lookup.h"

#include <stdio.h>
#include <string.h>

#include "model/keys.h"
#include "../state.h"

#define SLICES_MAX 64

struct lookup {
    struct call *call;
    struct found_key found;
    void (*fn)(struct call *call, struct found_key *found, void *self);
    void *self;
};

struct slice key_member_hash(struct slice member)
{
    struct slice id = slice_cut(&member, ':');
    bool is_member = other_id_is_valid(id, "key_") && member.len == API_KEY_HASH_LEN;
    return is_member ? member : (struct slice){0};
}

static struct redis *redis_of(const struct lookup *lookup)
{
    return store_redis(service_store(lookup->call->ingest->service));
}

/* The answer's texts go with it. */
static void keep(struct lookup *lookup)
{
    struct slice *texts[KEY_RECORD_TEXTS];
    key_record_texts(&lookup->found.record, texts);
    for (size_t i = 0; i < KEY_RECORD_TEXTS; i++) {
        if (texts[i]->len == 0)
            continue;
        char *copy = http_request_alloc(lookup->call->http, texts[i]->len);
        memcpy(copy, texts[i]->at, texts[i]->len);
        texts[i]->at = copy;
    }
}

static void on_record(enum status status, const struct redis_reply *reply, void *self)
{
    struct lookup *lookup = self;
    struct slice fields[SLICES_MAX];
    if (status != STATUS_OK) {
        call_answer_store_failed(lookup->call, STATUS_DOWN);
        return;
    }
    size_t count = redis_reply_slices(reply, fields, SLICES_MAX);
    if (key_record_read(fields, count, &lookup->found.record) != STATUS_OK) {
        call_answer_not_found(lookup->call);
        return;
    }
    keep(lookup);
    lookup->fn(lookup->call, &lookup->found, lookup->self);
}

static void on_member(enum status status, const struct redis_reply *reply, void *self)
{
    struct lookup *lookup = self;
    struct found_key *found = &lookup->found;
    if (status != STATUS_OK) {
        call_answer_store_failed(lookup->call, STATUS_DOWN);
        return;
    }
    if (slice_to_text(redis_reply_text(redis_reply_at(reply, 0)), found->member,
                      sizeof found->member) == STATUS_OK)
        found->hash = key_member_hash(slice_of(found->member));
    if (found->hash.len == 0) {
        call_answer_not_found(lookup->call);
        return;
    }
    struct key key = key_api_key(found->hash);
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "HGETALL");
    redis_command_arg(&command, key_slice(&key));
    redis_send(redis_of(lookup), &command, on_record, lookup);
    redis_command_fini(&command);
}

void key_lookup(struct call *call, const char *org,
                void (*fn)(struct call *call, struct found_key *found, void *self), void *self)
{
    char id[OTHER_ID_SIZE], from[OTHER_ID_SIZE + 2], to[OTHER_ID_SIZE + 2];
    struct store *store = service_store(call->ingest->service);
    if (!other_id_is_valid(call->path_id, "key_") ||
        slice_to_text(call->path_id, id, sizeof id) != STATUS_OK) {
        call_answer_not_found(call);
        return;
    }
    struct lookup *lookup = http_request_alloc(call->http, sizeof *lookup);
    *lookup = (struct lookup){.call = call, .fn = fn, .self = self};
    snprintf(from, sizeof from, "[%s:", id);
    snprintf(to, sizeof to, "(%s;", id); /* ';' comes after ':' */
    struct key index = key_of_id(partition_of(slice_of(org), store_partitions(store)), KEY_ORG_KEYS,
                                 slice_of(org));
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "ZRANGEBYLEX");
    redis_command_arg(&command, key_slice(&index));
    redis_command_text(&command, from);
    redis_command_text(&command, to);
    redis_command_text(&command, "LIMIT");
    redis_command_int(&command, 0);
    redis_command_int(&command, 1);
    redis_send(redis_of(lookup), &command, on_member, lookup);
    redis_command_fini(&command);
}
