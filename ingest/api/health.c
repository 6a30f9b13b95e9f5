#include "io/service.h"
#include "../state.h"
#include "api.h"

void api_health_live(struct call *call)
{
    call_answer_json(call, 200, SLICE("{\"status\":\"live\"}"));
}

void api_health_ready(struct call *call)
{
    struct buf json;
    buf_init(&json, 16 * 1024);
    bool ready = service_ready_json(call->ingest->service, &json);
    call_answer_json(call, ready ? 200 : 503, buf_slice(&json));
    buf_fini(&json);
}
