/*
 * bytes.c - slices and hex, see bytes.h
 *
 * The bytes of an empty slice may be at NULL, which memcmp and memchr may not be given: each function looks at the
 * length first.
 */
#include "bytes.h"

#include <string.h>

bool slice_is(struct slice slice, const char *text)
{
    return slice_eq(slice, slice_of(text));
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.at[i] != b.at[i] && lower(a.at[i]) != lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

bool slice_starts(struct slice slice, const char *prefix)
{
    size_t len = strlen(prefix);
    return slice.len >= len && (len == 0 || memcmp(slice.at, prefix, len) == 0);
}

int slice_cmp(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct slice slice_from(struct slice slice, size_t offset)
{
    if (offset >= slice.len) {
        return (struct slice){0};
    }
    return (struct slice){.at = slice.at + offset, .len = slice.len - offset};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice slice)
{
    while (slice.len > 0 && is_blank(slice.at[0])) {
        slice.at++;
        slice.len--;
    }
    while (slice.len > 0 && is_blank(slice.at[slice.len - 1])) {
        slice.len--;
    }
    return slice;
}

struct slice slice_cut(struct slice *rest, char sep)
{
    struct slice whole = *rest;
    const char *found = whole.len == 0 ? NULL : memchr(whole.at, sep, whole.len);
    if (found == NULL) {
        *rest = (struct slice){0};
        return whole;
    }
    size_t before = (size_t)(found - whole.at);
    *rest = slice_from(whole, before + 1);
    return (struct slice){.at = whole.at, .len = before};
}

enum status slice_to_u64(struct slice slice, uint64_t max, uint64_t *out)
{
    if (slice.len == 0) {
        return STATUS_INVALID;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < slice.len; i++) {
        if (slice.at[i] < '0' || slice.at[i] > '9') {
            return STATUS_INVALID;
        }
        uint64_t digit = (uint64_t)(slice.at[i] - '0');
        if (digit > max || value > (max - digit) / 10) {
            return STATUS_INVALID;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return STATUS_OK;
}

enum status slice_to_text(struct slice slice, char *out, size_t size)
{
    if (slice.len >= size) {
        return STATUS_LIMIT;
    }
    if (slice.len > 0) {
        memcpy(out, slice.at, slice.len);
    }
    out[slice.len] = '\0';
    return STATUS_OK;
}

size_t decimal_encode(uint64_t value, char *out)
{
    char digits[DECIMAL_MAX];
    size_t left = sizeof digits;
    do {
        digits[--left] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = left; i < sizeof digits; i++) {
        *out++ = digits[i];
    }
    return sizeof digits - left;
}

/* Without a table, so that the compiler can do many at once. */
static char hex_digit(uint8_t nibble)
{
    return (char)(nibble + (nibble < 10 ? '0' : 'a' - 10));
}

void hex_encode(const uint8_t *at, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digit(at[i] >> 4);
        out[2 * i + 1] = hex_digit(at[i] & 15);
    }
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

enum status hex_decode(struct slice text, uint8_t *out, size_t len)
{
    if (text.len != 2 * len)
        return STATUS_INVALID;
    for (size_t i = 0; i < len; i++) {
        const int high = hex_value(text.at[2 * i]), low = hex_value(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return STATUS_INVALID;
        out[i] = (uint8_t)(16 * high + low);
    }
    return STATUS_OK;
}
