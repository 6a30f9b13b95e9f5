/*
 * media_type.c - what a media type says of the bytes it belongs to
 */
#include "media_type.h"

#include <string.h>

static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        const bool is_alnum =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_alnum && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.len > 0;
}

bool media_type_is_valid(struct slice text)
{
    struct slice subtype = slice_trim(slice_cut(&text, ';'));
    const struct slice type = slice_cut(&subtype, '/');

    return is_token(type) && is_token(subtype);
}

static bool ends_with(struct slice text, struct slice end)
{
    return text.len >= end.len && slice_eq_nocase(slice_from(text, text.len - end.len), end);
}

bool media_type_is_utf8(struct slice parameters)
{
    while (parameters.len > 0) {
        struct slice value = slice_trim(slice_cut(&parameters, ';'));
        const struct slice name = slice_cut(&value, '=');

        if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
            value = (struct slice){value.at + 1, value.len - 2};
        if (slice_eq_nocase(name, SLICE("charset")) && !slice_eq_nocase(value, SLICE("utf-8")) &&
            !slice_eq_nocase(value, SLICE("us-ascii")))
            return false;
    }
    return true;
}

enum media_kind media_type_kind(struct slice text)
{
    struct slice parameters = text;
    struct slice subtype = slice_trim(slice_cut(&parameters, ';'));
    const struct slice type = slice_cut(&subtype, '/');

    if (!media_type_is_utf8(parameters))
        return MEDIA_BYTES;
    if (slice_eq_nocase(subtype, SLICE("json")) || ends_with(subtype, SLICE("+json")))
        return MEDIA_JSON;
    if (slice_eq_nocase(type, SLICE("text")) || slice_eq_nocase(subtype, SLICE("xml")) ||
        ends_with(subtype, SLICE("+xml")))
        return MEDIA_TEXT;
    return MEDIA_BYTES;
}
