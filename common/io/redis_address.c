/*
 * redis_address.c - redis:// and unix:// URLs
 *
 * Messages never repeat the URL: it may hold a password.
 */
#include <ctype.h>
#include <string.h>
#include <sys/un.h>

#include "redis.h"

#define PORT_DEFAULT 6379
#define DB_MAX 16383
#define SOCKET_PATH_MAX (sizeof((struct sockaddr_un *)0)->sun_path - 1)

static enum status take_text(struct slice text, const char *what, char *out, size_t size,
                             struct error *err)
{
    if (slice_to_text(text, out, size) == STATUS_OK)
        return STATUS_OK;
    error_set(err, "the %s is longer than %zu characters", what, size - 1);
    return STATUS_INVALID;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes. A NUL is refused: it would cut the text short behind the user's back. */
static enum status take_decoded(struct slice text, const char *what, char *out, size_t size,
                                struct error *err)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_value(text.at[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_value(text.at[i + 2]) : -1;
            c = '\0';
            if (high >= 0 && low >= 0)
                c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0') {
            error_set(err, "the %s has a bad %%-escape", what);
            return STATUS_INVALID;
        }
        if (len + 1 >= size) {
            error_set(err, "the %s is longer than %zu characters", what, size - 1);
            return STATUS_INVALID;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return STATUS_OK;
}

static enum status take_number(struct slice text, const char *what, uint64_t min, uint64_t max,
                               int *out, struct error *err)
{
    uint64_t value;

    if (slice_to_u64(text, max, &value) != STATUS_OK || value < min) {
        error_set(err, "the %s must be a number from %llu to %llu", what, (unsigned long long)min,
                  (unsigned long long)max);
        return STATUS_INVALID;
    }
    *out = (int)value;
    return STATUS_OK;
}

static enum status parse_unix(struct slice rest, struct redis_address *out, struct error *err)
{
    struct slice path = slice_cut(&rest, '?');
    enum status status;

    if (!slice_starts(path, "/") || path.len < 2) {
        error_set(err, "unix:// needs an absolute path, as in unix:///run/redis.sock");
        return STATUS_INVALID;
    }
    status = take_decoded(path, "path", out->host, SOCKET_PATH_MAX + 1, err);
    if (status != STATUS_OK || rest.len == 0)
        return status;
    if (!slice_starts(rest, "db=")) {
        error_set(err, "only ?db=N may follow the path");
        return STATUS_INVALID;
    }
    return take_number(slice_from(rest, 3), "database", 0, DB_MAX, &out->db, err);
}

static enum status parse_user(struct slice info, struct redis_address *out, struct error *err)
{
    const char *colon = info.len > 0 ? memchr(info.at, ':', info.len) : NULL;
    struct slice user = {0};
    enum status status;

    if (colon != NULL)
        user = slice_cut(&info, ':');
    status = take_decoded(user, "user", out->user, sizeof out->user, err);
    if (status == STATUS_OK)
        status = take_decoded(info, "password", out->password, sizeof out->password, err);
    if (status == STATUS_OK && out->user[0] != '\0' && out->password[0] == '\0') {
        error_set(err, "there is a user but no password");
        status = STATUS_INVALID;
    }
    return status;
}

static bool is_host(struct slice host, bool is_bracketed)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.at[i];
        bool is_fine = is_bracketed ? isxdigit(c) || c == ':' || c == '.'
                                    : isalnum(c) || c == '-' || c == '.' || c == '_';
        if (!is_fine)
            return false;
    }
    return host.len > 0;
}

static enum status parse_host(struct slice place, struct redis_address *out, struct error *err)
{
    bool is_bracketed = slice_starts(place, "[");
    struct slice host;

    if (is_bracketed) {
        place = slice_from(place, 1);
        if (memchr(place.at, ']', place.len) == NULL) {
            error_set(err, "the host has '[' without ']'");
            return STATUS_INVALID;
        }
        host = slice_cut(&place, ']');
        if (place.len > 0 && !slice_starts(place, ":")) {
            error_set(err, "only :port may follow ']'");
            return STATUS_INVALID;
        }
        place = slice_from(place, 1);
    } else {
        host = slice_cut(&place, ':');
    }
    if (!is_host(host, is_bracketed)) {
        error_set(err, "the host is missing or has characters that no host name has");
        return STATUS_INVALID;
    }
    out->port = PORT_DEFAULT;
    if (take_text(host, "host", out->host, sizeof out->host, err) != STATUS_OK)
        return STATUS_INVALID;
    return place.len > 0 ? take_number(place, "port", 1, 65535, &out->port, err) : STATUS_OK;
}

static enum status parse_tcp(struct slice rest, struct redis_address *out, struct error *err)
{
    struct slice authority = slice_cut(&rest, '/');
    const char *at_sign = authority.len > 0 ? memrchr(authority.at, '@', authority.len) : NULL;
    enum status status = STATUS_OK;

    if (at_sign != NULL) {
        struct slice info = {.at = authority.at, .len = (size_t)(at_sign - authority.at)};
        authority = slice_from(authority, info.len + 1);
        status = parse_user(info, out, err);
    }
    if (status == STATUS_OK)
        status = parse_host(authority, out, err);
    if (status == STATUS_OK && rest.len > 0)
        status = take_number(rest, "database", 0, DB_MAX, &out->db, err);
    return status;
}

enum status redis_address_parse(const char *url, struct redis_address *out, struct error *err)
{
    struct slice text = slice_of(url);
    struct redis_address address = {0};
    enum status status;

    if (slice_starts(text, "redis://")) {
        status = parse_tcp(slice_from(text, strlen("redis://")), &address, err);
    } else if (slice_starts(text, "unix://")) {
        status = parse_unix(slice_from(text, strlen("unix://")), &address, err);
    } else {
        error_set(err, "not an address of Redis: redis://[[user:]password@]host[:port][/db] or "
                       "unix:///path[?db=N]");
        return STATUS_INVALID;
    }
    if (status == STATUS_OK)
        *out = address;
    return status;
}
