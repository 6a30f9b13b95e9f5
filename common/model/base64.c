/*
 * base64.c - RFC 4648 section 4
 *
 * Decoding checks the whole text before it writes, so that a refused text leaves the output as it was.
 */
#include "base64.h"

#include <stdint.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NOT_A_DIGIT 64

static uint32_t digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : NOT_A_DIGIT;
}

static uint32_t byte_or_zero(const uint8_t *at, size_t len, size_t index)
{
    return index < len ? at[index] : 0;
}

void base64_encode(const uint8_t *at, size_t len, char *out)
{
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = byte_or_zero(at, len, i) << 16 | byte_or_zero(at, len, i + 1) << 8 |
                         byte_or_zero(at, len, i + 2);
        *out++ = ALPHABET[group >> 18];
        *out++ = ALPHABET[group >> 12 & 63];
        *out++ = i + 1 < len ? ALPHABET[group >> 6 & 63] : '=';
        *out++ = i + 2 < len ? ALPHABET[group & 63] : '=';
    }
}

/* Digits only, and no bits beyond the last whole byte. text has no padding. */
static bool is_canonical(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (digit_of(text.at[i]) == NOT_A_DIGIT)
            return false;
    }
    switch (text.len % 4) {
    case 0:
        return true;
    case 2:
        return (digit_of(text.at[text.len - 1]) & 15) == 0;
    case 3:
        return (digit_of(text.at[text.len - 1]) & 3) == 0;
    default:
        return false;
    }
}

/* Padding, where there is any, completes the last group of four. */
static struct slice without_padding(struct slice text)
{
    if (text.len == 0 || text.len % 4 != 0)
        return text;
    for (int i = 0; i < 2 && text.at[text.len - 1] == '='; i++)
        text.len--;
    return text;
}

bool base64_is_valid(struct slice text)
{
    return text.len % 4 == 0 && is_canonical(without_padding(text));
}

enum status base64_decode(struct slice text, uint8_t *out, size_t out_max, size_t *out_len)
{
    text = without_padding(text);
    if (!is_canonical(text))
        return STATUS_INVALID;
    size_t len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (len > out_max)
        return STATUS_LIMIT;
    uint32_t bits = 0;
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        bits = bits << 6 | digit_of(text.at[i]);
        if (i % 4 != 0)
            out[done++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    *out_len = len;
    return STATUS_OK;
}
