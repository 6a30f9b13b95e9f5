#include "content_type.h"

#include <stdio.h>

#include "model/media_type.h"

static void refuse(struct call *call, const char *const *types)
{
    char detail[200];
    int len = snprintf(detail, sizeof detail, "send the body as");
    for (size_t i = 0; types[i] && len > 0 && (size_t)len < sizeof detail; i++)
        len +=
            snprintf(detail + len, sizeof detail - (size_t)len, "%s %s", i ? " or" : "", types[i]);
    call_answer_problem(call, 415, "unsupported_media_type", detail, NULL);
}

enum status content_encoding_expect(struct call *call)
{
    struct slice encoding = slice_trim(http_request_header(call->http, "content-encoding"));
    if (encoding.len == 0 || slice_eq_nocase(encoding, SLICE("identity")))
        return STATUS_OK;
    call_answer_problem(call, 415, "unsupported_encoding", "send the body without Content-Encoding",
                        NULL);
    return STATUS_INVALID;
}

enum status content_type_expect(struct call *call, const char *const *types, struct slice *out_type)
{
    if (content_encoding_expect(call) != STATUS_OK)
        return STATUS_INVALID;
    struct slice parameters = http_request_header(call->http, "content-type");
    struct slice type = slice_trim(slice_cut(&parameters, ';'));
    *out_type = slice_of(types[0]);
    if (type.len == 0)
        return STATUS_OK;
    for (size_t i = 0; types[i]; i++) {
        if (!slice_eq_nocase(type, slice_of(types[i])))
            continue;
        *out_type = slice_of(types[i]);
        if (media_type_is_utf8(parameters))
            return STATUS_OK;
    }
    refuse(call, types);
    return STATUS_INVALID;
}
