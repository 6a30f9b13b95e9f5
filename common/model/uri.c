/*
 * uri.c - which texts have the form of a URI
 */
#include "uri.h"

#include <string.h>

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *chars)
{
    return c != '\0' && strchr(chars, c) != NULL;
}

bool uri_is_reference(struct slice text)
{
    size_t fragments = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];

        fragments += c == '#';
        if (c == '%' && !(text.len - i > 2 && is_hex(text.at[i + 1]) && is_hex(text.at[i + 2])))
            return false;
        if (!is_alpha(c) && !is_digit(c) && !is_one_of(c, "%-._~:/?#[]@!$&'()*+,;="))
            return false;
    }
    return text.len > 0 && fragments <= 1;
}

bool uri_is_absolute(struct slice text)
{
    struct slice rest = text;
    const struct slice scheme = slice_cut(&rest, ':');

    if (scheme.len == 0 || scheme.len == text.len || !is_alpha(scheme.at[0]))
        return false;
    for (size_t i = 1; i < scheme.len; i++)
        if (!is_alpha(scheme.at[i]) && !is_digit(scheme.at[i]) && !is_one_of(scheme.at[i], "+-."))
            return false;
    return uri_is_reference(text);
}
