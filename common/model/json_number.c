/*
 * json_number.c - the value of a JSON number, from its text
 */
#include "json_number.h"

static bool is_exponent_mark(char c)
{
    return c == 'e' || c == 'E';
}

static int64_t exponent_of(struct slice text)
{
    const bool is_negative = text.len > 0 && text.at[0] == '-';
    int64_t exponent = 0;

    if (text.len > 0 && (is_negative || text.at[0] == '+'))
        text = slice_from(text, 1);
    for (size_t i = 0; i < text.len && exponent < JSON_EXPONENT_MAX; i++)
        exponent = exponent * 10 + (text.at[i] - '0');
    if (exponent > JSON_EXPONENT_MAX)
        exponent = JSON_EXPONENT_MAX;
    return is_negative ? -exponent : exponent;
}

/* Cuts the zeros, and the point among them, off both ends. */
static struct slice significant(struct slice digits)
{
    while (digits.len > 0 && (digits.at[0] == '0' || digits.at[0] == '.'))
        digits = slice_from(digits, 1);
    while (digits.len > 0 && (digits.at[digits.len - 1] == '0' || digits.at[digits.len - 1] == '.'))
        digits.len--;
    return digits;
}

struct json_number json_number_of(struct slice text)
{
    struct json_number number = {.sign = 1};
    struct slice whole = {text.at, 0};
    size_t point, end = 0;

    if (text.len > 0 && text.at[0] == '-') {
        number.sign = -1;
        text = slice_from(text, 1);
    }
    while (end < text.len && !is_exponent_mark(text.at[end]))
        end++;
    whole = (struct slice){text.at, end};
    number.digits = significant(whole);
    if (number.digits.len == 0)
        return (struct json_number){0};
    for (point = 0; point < end && text.at[point] != '.'; point++)
        ;
    const size_t first = (size_t)(number.digits.at - whole.at);
    /* Behind the point, the zeros between it and the first digit count the other way. */
    number.scale = first < point ? (int64_t)(point - first) : -(int64_t)(first - point - 1);
    number.scale += exponent_of(slice_from(text, end + 1));
    return number;
}

/* '0' past the end: what follows the last digit. */
static char next_digit(struct slice *digits)
{
    char digit = '0';

    if (digits->len > 0 && digits->at[0] == '.')
        *digits = slice_from(*digits, 1);
    if (digits->len > 0) {
        digit = digits->at[0];
        *digits = slice_from(*digits, 1);
    }
    return digit;
}

static int compare_digits(struct slice a, struct slice b)
{
    while (a.len > 0 || b.len > 0) {
        const int difference = next_digit(&a) - next_digit(&b);

        if (difference != 0)
            return difference;
    }
    return 0;
}

int json_number_cmp(const struct json_number *a, const struct json_number *b)
{
    if (a->sign != b->sign)
        return a->sign - b->sign;
    if (a->scale != b->scale)
        return a->scale < b->scale ? -a->sign : a->sign;
    return a->sign * compare_digits(a->digits, b->digits);
}
