/*
 * url.c - URLs that a webhook may be sent to
 */
#include "url.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* unreserved, sub-delims, and what else path and query may have; '%' is looked at by the caller. */
static bool is_path_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?", c) != NULL);
}

static bool path_is_acceptable(struct slice path)
{
    for (size_t i = 0; i < path.len; i++) {
        const bool is_escape = path.at[i] == '%' && path.len - i > 2 && is_hex(path.at[i + 1]) &&
                               is_hex(path.at[i + 2]);

        if (!is_escape && !is_path_char(path.at[i]))
            return false;
    }
    return true;
}

/* Labels of letters, digits, '-' and '_', none empty; one dot may end it. Also covers IPv4. */
static bool name_is_acceptable(struct slice host)
{
    struct slice label;

    if (host.len > 1 && host.at[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.len > URL_HOST_MAX || host.at[host.len - 1] == '.')
        return false;
    while (host.len > 0) {
        label = slice_cut(&host, '.');
        if (label.len == 0 || label.len > 63 || label.at[0] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!is_alnum(label.at[i]) && label.at[i] != '-' && label.at[i] != '_')
                return false;
    }
    return true;
}

/* "[…]"; no zone. */
static bool ipv6_is_acceptable(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    struct slice inner = {host.at + 1, host.len - 2};

    return slice_to_text(inner, text, sizeof text) == STATUS_OK && strlen(text) == inner.len &&
           inet_pton(AF_INET6, text, &address) == 1;
}

static bool port_is_acceptable(struct slice port)
{
    uint64_t number;

    return port.len <= 5 && slice_to_u64(port, 65535, &number) == STATUS_OK && number > 0;
}

static bool authority_is_acceptable(struct slice authority, const char **out_why)
{
    const char *bracket = authority.len > 0 && authority.at[0] == '['
                              ? memchr(authority.at, ']', authority.len)
                              : NULL;
    size_t host_len = bracket != NULL ? (size_t)(bracket - authority.at) + 1 : 0;
    struct slice host, rest;

    if (authority.len > 0 && memchr(authority.at, '@', authority.len) != NULL) {
        *out_why = "must have no user name or password";
        return false;
    }
    while (bracket == NULL && host_len < authority.len && authority.at[host_len] != ':')
        host_len++;
    host = (struct slice){authority.at, host_len};
    rest = slice_from(authority, host_len);
    *out_why = "must have a valid host";
    if (bracket != NULL ? !ipv6_is_acceptable(host) : !name_is_acceptable(host))
        return false;
    *out_why = "must have a port from 1 to 65535, or none";
    return rest.len == 0 || (rest.at[0] == ':' && port_is_acceptable(slice_from(rest, 1)));
}

static bool cut_scheme(struct slice *url)
{
    static const char *const schemes[] = {"https://", "http://"};

    for (size_t i = 0; i < 2; i++) {
        const struct slice scheme = slice_of(schemes[i]);

        if (url->len >= scheme.len &&
            slice_eq_nocase((struct slice){url->at, scheme.len}, scheme)) {
            *url = slice_from(*url, scheme.len);
            return true;
        }
    }
    return false;
}

bool url_is_acceptable(struct slice url, const char **out_why)
{
    struct slice authority = url;
    size_t len = 0;

    *out_why = "must be at most 2048 bytes long";
    if (url.len > URL_MAX)
        return false;
    *out_why = "must begin with http:// or https://";
    if (!cut_scheme(&authority))
        return false;
    *out_why = "must have no fragment";
    if (memchr(url.at, '#', url.len) != NULL)
        return false;
    while (len < authority.len && authority.at[len] != '/' && authority.at[len] != '?')
        len++;
    if (!authority_is_acceptable((struct slice){authority.at, len}, out_why))
        return false;
    *out_why = "must have only characters of RFC 3986 in its path and query";
    return path_is_acceptable(slice_from(authority, len));
}
