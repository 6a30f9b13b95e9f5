/*
 * url.h - URLs that a webhook may be sent to
 *
 * http or https, a host, an optional port, path and query; RFC 3986 to the letter. No credentials,
 * no fragment, nothing that needs quoting: what is accepted here is what every HTTP client reads the
 * same way. Where it leads is judged on the address (destination.h).
 */
#pragma once

#include "../base/bytes.h"

#define URL_MAX 2048
#define URL_HOST_MAX 253

/* *out_why (static) says what is wrong. */
bool url_is_acceptable(struct slice url, const char **out_why);
