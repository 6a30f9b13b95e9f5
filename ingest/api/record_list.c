#include "record_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "../query.h"
#include "../state.h"

#define BODY_MAX (1024 * 1024)
#define SLICES_MAX 64

/* On the heap until the answer. */
struct listing {
    struct call *call;
    struct record_list list;
    struct page page;
    char org[OTHER_ID_SIZE];
    char next[OTHER_ID_SIZE]; /* id of the last one shown, when there are more; else "" */
    size_t unanswered;
    enum status status;
    struct buf body;
    struct json_writer json;
};

static void finish(struct listing *listing)
{
    if (listing->status == STATUS_OK) {
        page_end(&listing->json, listing->call, listing->org,
                 listing->next[0] ? listing->next : NULL);
        call_answer_json(listing->call, 200, buf_slice(&listing->body));
    } else {
        call_answer_store_failed(listing->call, STATUS_DOWN); /* nothing but read */
    }
    buf_fini(&listing->body);
    free(listing);
}

static void on_record(enum status status, const struct redis_reply *reply, void *self)
{
    struct listing *listing = self;
    struct slice fields[SLICES_MAX];
    size_t count = redis_reply_slices(reply, fields, SLICES_MAX);
    if (status != STATUS_OK)
        listing->status = status;
    else if (count > 0)
        listing->list.put(fields, count, &listing->json);
    if (--listing->unanswered == 0)
        finish(listing);
}

static void ask_record(struct listing *listing, struct slice member, struct redis *redis)
{
    struct key key;
    struct redis_command command;
    if (!listing->list.record_of(member, &key))
        return;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "HGETALL");
    redis_command_arg(&command, key_slice(&key));
    redis_send(redis, &command, on_record, listing);
    redis_command_fini(&command);
    listing->unanswered++;
}

/* They are one more than is shown when there is a next page. */
static void on_members(enum status status, const struct redis_reply *reply, void *self)
{
    struct listing *listing = self;
    const size_t found = redis_reply_count(reply), limit = listing->page.limit;
    struct redis *redis = store_redis(service_store(listing->call->ingest->service));
    listing->status = status;
    for (size_t i = 0; i < found && i < limit; i++)
        ask_record(listing, redis_reply_text(redis_reply_at(reply, i)), redis);
    if (found > limit) {
        struct slice last = redis_reply_text(redis_reply_at(reply, limit - 1));
        if (slice_to_text(slice_cut(&last, ':'), listing->next, sizeof listing->next) != STATUS_OK)
            listing->next[0] = '\0';
    }
    if (listing->unanswered == 0)
        finish(listing);
}

void record_list_answer(struct call *call, const char *org, const struct record_list *list)
{
    struct page page;
    char before[POSITION_MAX + 2] = "+";
    if (query_page(call, org, &page) != STATUS_OK)
        return;
    struct listing *listing = xcalloc(1, sizeof *listing);
    listing->call = call;
    listing->list = *list;
    listing->page = page;
    snprintf(listing->org, sizeof listing->org, "%s", org);
    buf_init(&listing->body, BODY_MAX);
    listing->json = (struct json_writer){.out = &listing->body};
    page_begin(&listing->json);
    if (page.position[0])
        snprintf(before, sizeof before, "(%s", page.position);
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, "ZREVRANGEBYLEX");
    redis_command_arg(&command, key_slice(&list->index));
    redis_command_text(&command, before);
    redis_command_text(&command, "-");
    redis_command_text(&command, "LIMIT");
    redis_command_int(&command, 0);
    redis_command_int(&command, (int64_t)page.limit + 1);
    redis_send(store_redis(service_store(call->ingest->service)), &command, on_members, listing);
    redis_command_fini(&command);
}
