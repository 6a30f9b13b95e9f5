/*
 * uri.h - which texts have the form of a URI (RFC 3986)
 *
 * Of the grammar only what tells a URI from another text: its characters, whole escapes, at most one fragment.
 */
#pragma once

#include "../base/bytes.h"

/* Not empty; relative or not. */
bool uri_is_reference(struct slice text);

/* One that begins with a scheme. */
bool uri_is_absolute(struct slice text);
