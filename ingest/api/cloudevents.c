/*
 * cloudevents.c - which requests are CloudEvents in binary mode, and what they say
 */
#include "cloudevents.h"

#include "../state.h"

#define PREFIX_LEN 3

/* Every request that posts an event is looked through for it. */
static bool is_attribute(struct slice name)
{
    return name.len >= PREFIX_LEN && (name.at[0] | 0x20) == 'c' && (name.at[1] | 0x20) == 'e' &&
           name.at[2] == '-';
}

static bool has_attributes(const struct http_request *http)
{
    for (size_t i = 0; i < http->headers_count; i++)
        if (is_attribute(http->headers[i].name))
            return true;
    return false;
}

bool cloudevents_is_binary(const struct http_request *http)
{
    static const struct slice prefix = {"application/cloudevents", 23};
    struct slice type;

    if (!has_attributes(http))
        return false;
    type = slice_trim(http_request_header(http, "content-type"));
    if (type.len > prefix.len)
        type.len = prefix.len;
    return !slice_eq_nocase(type, prefix);
}

enum status cloudevents_parse_binary(struct call *call, struct event_batch **out,
                                     struct problem *problem)
{
    const struct http_request *http = call->http;
    struct cloudevent_header *headers =
        http_request_alloc(call->http, http->headers_count * sizeof *headers);
    size_t count = 0;

    for (size_t i = 0; i < http->headers_count; i++)
        if (is_attribute(http->headers[i].name))
            headers[count++] = (struct cloudevent_header){
                slice_from(http->headers[i].name, PREFIX_LEN), http->headers[i].value};
    return event_parse_cloudevent_headers(headers, count, http_request_header(http, "content-type"),
                                          http->body, (size_t)call->ingest->settings->max_body, out,
                                          problem);
}
