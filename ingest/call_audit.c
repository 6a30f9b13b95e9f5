#include "call_audit.h"

#include "model/keys.h"

void call_audit(const struct call *call, struct store *store, struct audit_entry entry)
{
    entry.actor = call->principal.key_id;
    entry.ip = slice_of(call->http->peer);
    entry.request = slice_of(call->request_id);
    audit_write(store_redis(store), partition_of(entry.org, store_partitions(store)), &entry);
}
