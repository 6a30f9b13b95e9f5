/*
 * media_type.h - what a media type (RFC 9110 section 8.3.1) says of the bytes it belongs to
 */
#pragma once

#include "../base/bytes.h"

/* type/subtype, and anything behind a semicolon. */
bool media_type_is_valid(struct slice text);

/* parameters: what is behind the first semicolon. That of US-ASCII is UTF-8, too. */
bool media_type_is_utf8(struct slice parameters);

enum media_kind {
    MEDIA_JSON,  /* json or +json */
    MEDIA_TEXT,  /* text/, xml or +xml */
    MEDIA_BYTES, /* anything else, and either of these in a charset other than UTF-8 */
};
enum media_kind media_type_kind(struct slice text);
