/*
 * organizations_delete.c - DELETE /api/organizations/{id}: its keys are refused from now on, and a job
 *                          removes all that is its own
 */
#include "base/clock.h"
#include "model/keys.h"
#include "../configure.h"
#include "../job.h"
#include "../state.h"
#include "api.h"

/* Once more, when it is being deleted already: the job is idempotent, and the client learns of one. */
static void on_marked(enum status status, void *self)
{
    struct call *call = self;
    if (status == STATUS_ABSENT)
        call_answer_not_found(call);
    else if (status != STATUS_OK)
        call_answer_store_failed(call, status);
    else
        job_create(call, call->path_id, "forget", NULL, 0, job_answer_created, call);
}

void api_organization_delete(struct call *call)
{
    if (!other_id_is_valid(call->path_id, "org_")) {
        call_answer_not_found(call);
        return;
    }
    struct buf deleted_at;
    buf_init(&deleted_at, 32);
    buf_add_i64(&deleted_at, clock_wall_ms());
    const struct slice fields[] = {SLICE("deleted_at"), buf_slice(&deleted_at)};
    struct configure_change change = {
        .record = key_org(call->path_id),
        .rule = CONFIGURE_REDUCE,
        .kind = "org",
        .id = call->path_id,
        .org = call->path_id,
        .action = "organization.deleted",
        .target = call->path_id,
        .call = call,
    };
    configure_write(call->ingest->configurer, &change, fields, 2, on_marked, call);
    buf_fini(&deleted_at);
}
