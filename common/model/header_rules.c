/*
 * header_rules.c - headers that an endpoint may add to its webhooks
 */
#include "header_rules.h"

#include <string.h>

/* Ours, the connection's, or the client's; a name that ends in '-' stands for all that begin so. */
static const char *const reserved[] = {
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "idempotency-key",
    "keep-alive",
    "proxy-",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "webhook-",
    "x-millrace-",
};

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_reserved(struct slice name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        const struct slice word = slice_of(reserved[i]);
        struct slice front = name;

        if (word.at[word.len - 1] == '-' && front.len > word.len)
            front.len = word.len;
        if (slice_eq_nocase(front, word))
            return true;
    }
    return false;
}

bool header_name_is_acceptable(struct slice name, const char **out_why)
{
    *out_why = "must have a name of 1 to 128 token characters";
    if (name.len == 0 || name.len > HEADER_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!is_token_char(name.at[i]))
            return false;
    *out_why = "is a name that Millrace or HTTP itself uses";
    return !is_reserved(name);
}

bool header_value_is_acceptable(struct slice value, const char **out_why)
{
    *out_why = "must be 1 to 1024 visible ASCII characters, with spaces and tabs only inside";
    if (value.len == 0 || value.len > HEADER_VALUE_MAX || slice_trim(value).len != value.len)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        const unsigned char c = (unsigned char)value.at[i];

        if ((c < ' ' && c != '\t') || c >= 0x7f)
            return false;
    }
    return true;
}
