/*
 * utf8.c - UTF-8 as RFC 3629 has it
 */
#include "utf8.h"

#include <string.h>

#include "../base/must.h"

/* The lead byte alone bounds the second byte; that is what keeps overlong forms and surrogates out. */
static bool second_is_allowed(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return second >= 0x80 && second <= 0xbf;
    }
}

size_t utf8_char_len(struct slice text)
{
    const uint8_t *at = (const uint8_t *)text.at;
    size_t need;

    if (text.len == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    need = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (text.len < need || !second_is_allowed(at[0], at[1]))
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return need;
}

static bool is_ascii_block(const char *at)
{
    uint64_t block;

    memcpy(&block, at, sizeof block);
    return (block & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_is_valid(struct slice text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t len;

        if (text.len - at >= sizeof(uint64_t) && is_ascii_block(text.at + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        len = utf8_char_len(slice_from(text, at));
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}

bool utf8_has_control(struct slice text)
{
    const uint8_t *at = (const uint8_t *)text.at;

    for (size_t i = 0; i < text.len; i++) {
        if (at[i] < 0x20 || at[i] == 0x7f)
            return true;
        if (at[i] == 0xc2 && i + 1 < text.len && at[i + 1] < 0xa0)
            return true;
    }
    return false;
}

static bool is_noncharacter(const uint8_t *at, size_t len)
{
    if (len == 3 && at[0] == 0xef)
        return at[1] == 0xbf ? at[2] >= 0xbe : at[1] == 0xb7 && at[2] >= 0x90 && at[2] <= 0xaf;
    return len == 4 && (at[1] & 0x0f) == 0x0f && at[2] == 0xbf && at[3] >= 0xbe;
}

bool utf8_has_noncharacter(struct slice text)
{
    while (text.len > 0) {
        const size_t len = utf8_char_len(text);

        must(len > 0);
        if (is_noncharacter((const uint8_t *)text.at, len))
            return true;
        text = slice_from(text, len);
    }
    return false;
}
