#include "limit.h"

#include "io/script.h"
#include "model/keys.h"
#include "state.h"

struct pass {
    struct call *call;
    void (*go_on)(struct call *call);
};

/* Those that apply, in the order of the answer. */
static size_t find_limits(const struct principal *principal, size_t out[RATES])
{
    size_t count = 0;
    for (size_t i = 0; i < RATES; i++)
        if (principal->limits[i].per_second > 0)
            out[count++] = i;
    return count;
}

static void on_counted(enum status status, const struct redis_reply *reply, void *self)
{
    struct pass *pass = self;
    struct call *call = pass->call;
    size_t which[RATES], count = find_limits(&call->principal, which);
    if (status != STATUS_OK) {
        call_answer_store_failed(call, STATUS_DOWN); /* whatever was counted, nothing was done */
        return;
    }
    for (size_t i = 0; i < count; i++)
        call->rates[which[i]] = rate_read(reply, 1 + RATE_NUMBERS * i);
    if (slice_is(redis_reply_text(redis_reply_at(reply, 0)), "allowed"))
        pass->go_on(call);
    else
        call_answer_limited(call);
}

void limit_pass(struct call *call, void (*go_on)(struct call *call))
{
    const struct rate_limit *limits = call->principal.limits;
    size_t which[RATES], count = find_limits(&call->principal, which);
    if (count == 0) {
        go_on(call);
        return;
    }
    struct store *store = service_store(call->ingest->service);
    const uint32_t partition = partition_of(call->principal.org, store_partitions(store));
    struct pass *pass = http_request_alloc(call->http, sizeof *pass);
    *pass = (struct pass){call, go_on};
    struct redis_command command;
    redis_command_init(&command);
    script_start(&command, SCRIPT_LIMIT, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = key_of_id(partition, KEY_RATE, limits[which[i]].id);
        redis_command_arg(&command, key_slice(&key));
    }
    redis_command_text(&command, ""); /* Redis's own time */
    for (size_t i = 0; i < count; i++)
        rate_add_arguments(&command, &limits[which[i]]);
    script_send(store_redis(store), SCRIPT_LIMIT, &command, on_counted, pass);
    redis_command_fini(&command);
}
