/*
 * dlq_request_fuzz.c - choices of dead letters: what is accepted is one of both, and whole
 */
#include "base/must.h"
#include "model/dlq_request.h"
#include "model/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dlq_request *request)
{
    must(request->count <= DLQ_IDS_MAX);
    for (size_t i = 0; i < request->count; i++) {
        char id[DELIVERY_ID_LEN + 1];
        delivery_id_format(slice_of(request->ids[i].event), slice_of(request->ids[i].endpoint), id);
    }
    must(request->endpoint[0] == '\0' || other_id_is_valid(slice_of(request->endpoint), "ep_"));
    must(request->type[0] == '\0' || event_type_is_valid(slice_of(request->type)));
    must(request->reason[0] == '\0' || dlq_reason_is_valid(slice_of(request->reason)));
    must(request->since_ms >= -1 && request->until_ms >= -1);
    must(request->count == 0 || (request->endpoint[0] == '\0' && request->since_ms == -1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dlq_request request;
    struct problem problem;

    if (dlq_request_parse((struct slice){(const char *)data, size}, &request, &problem) ==
        STATUS_OK) {
        check(&request);
        return 0;
    }
    must(problem.http_status == 400 || problem.http_status == 422);
    must(utf8_is_valid(slice_of(problem.pointer)) && problem.detail[0] != '\0');
    return 0;
}
