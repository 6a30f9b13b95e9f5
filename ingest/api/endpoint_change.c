#include "endpoint_change.h"

#include "base/clock.h"
#include "io/release.h"
#include "../state.h"
#include "endpoint_find.h"

void endpoint_change(struct call *call, const struct endpoint *endpoint, enum configure_rule rule,
                     const char *action, struct slice detail, struct endpoint_fields *fields,
                     configure_fn fn, void *self)
{
    struct slice id = slice_of(endpoint->id), org = slice_of(endpoint->org);
    uint32_t partition = partition_of(org, store_partitions(service_store(call->ingest->service)));
    struct key index = key_of_id(partition, KEY_ORG_ENDPOINTS, org);
    struct key gone = key_of_id(partition, KEY_ORG_GONE, org);
    struct configure_change change = {
        .record = key_of_id(partition, KEY_ENDPOINT, id),
        .index = rule == CONFIGURE_REMOVE ? &index : NULL,
        .gone = rule == CONFIGURE_REMOVE ? &gone : NULL,
        .member = id,
        .rule = rule,
        .kind = "endpoint",
        .id = id,
        .org = org,
        .action = action,
        .target = id,
        .detail = detail,
        .call = call,
    };
    if (rule != CONFIGURE_REMOVE)
        endpoint_fields_add_int(fields, "updated_at", clock_wall_ms());
    configure_write(call->ingest->configurer, &change, fields->at, fields->count, fn, self);
}

void endpoint_release(struct call *call, const struct endpoint *endpoint)
{
    struct store *store = service_store(call->ingest->service);
    const struct slice id = slice_of(endpoint->id);
    release_lanes(store_redis(store),
                  partition_of(slice_of(endpoint->org), store_partitions(store)), &id, 1, NULL,
                  NULL);
}

void endpoint_change_failed(struct call *call, enum status status)
{
    if (status == STATUS_ABSENT)
        call_answer_not_found(call);
    else if (status == STATUS_DENIED)
        call_answer_problem(call, 409, "conflict", "it was changed at the same moment; try again",
                            NULL);
    else
        call_answer_store_failed(call, status);
}

void endpoint_show_changed(enum status status, void *self)
{
    struct call *call = self;
    if (status == STATUS_OK)
        endpoint_show(call);
    else
        endpoint_change_failed(call, status);
}
