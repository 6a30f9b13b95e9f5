#include "org_script.h"

#include <string.h>

#include "base/must.h"
#include "state.h"

static struct store *store_of(const struct call *call)
{
    return service_store(call->ingest->service);
}

const char *org_of(const struct call *call)
{
    char *org = http_request_alloc(call->http, OTHER_ID_SIZE);
    must(slice_to_text(call->principal.org, org, OTHER_ID_SIZE) == STATUS_OK);
    return org;
}

uint32_t org_partition(const struct call *call)
{
    return partition_of(call->principal.org, store_partitions(store_of(call)));
}

void org_script_start(struct redis_command *command, const struct call *call, enum script script,
                      const struct org_key *keys, size_t count)
{
    const uint32_t partition = org_partition(call);

    redis_command_init(command);
    script_start(command, script, count);
    for (size_t i = 0; i < count; i++) {
        struct key key = keys[i].is_org ? key_of_id(partition, keys[i].which, call->principal.org)
                                        : key_of(partition, keys[i].which);
        redis_command_arg(command, key_slice(&key));
    }
}

void org_script_send(struct call *call, enum script script, struct redis_command *command,
                     redis_reply_fn fn, void *self)
{
    script_send(store_redis(store_of(call)), script, command, fn, self);
    redis_command_fini(command);
}

bool org_script_has_read(struct call *call, enum status status)
{
    if (status != STATUS_OK)
        call_answer_store_failed(call, STATUS_DOWN);
    return status == STATUS_OK;
}

void org_script_add_time(struct redis_command *command, int64_t at_ms)
{
    if (at_ms < 0)
        redis_command_text(command, "");
    else
        redis_command_int(command, at_ms > 0 ? at_ms : 1);
}
