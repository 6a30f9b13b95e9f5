/*
 * msgpack_check.c - one walk over a MessagePack document, before anything is allocated for it
 */
#include "msgpack_json.h"

#include "../base/must.h"

enum form {
    FORM_NEVER, /* not in use by the format */
    FORM_FIXED, /* arg bytes follow */
    FORM_BYTES, /* a length of arg bytes, then that many */
    FORM_EXT,   /* the same with a type byte between */
    FORM_ARRAY, /* a count of arg bytes */
    FORM_MAP,
};

struct row {
    enum form form;
    uint8_t arg;
};

/* 0xc0 to 0xdf; the other first bytes carry their size in themselves. */
static const struct row rows[32] = {
    {FORM_FIXED, 0},  {FORM_NEVER, 0}, {FORM_FIXED, 0}, {FORM_FIXED, 0}, /* nil - false true */
    {FORM_BYTES, 1},  {FORM_BYTES, 2}, {FORM_BYTES, 4},                  /* bin */
    {FORM_EXT, 1},    {FORM_EXT, 2},   {FORM_EXT, 4},                    /* ext */
    {FORM_FIXED, 4},  {FORM_FIXED, 8},                                   /* float */
    {FORM_FIXED, 1},  {FORM_FIXED, 2}, {FORM_FIXED, 4}, {FORM_FIXED, 8}, /* uint */
    {FORM_FIXED, 1},  {FORM_FIXED, 2}, {FORM_FIXED, 4}, {FORM_FIXED, 8}, /* int */
    {FORM_FIXED, 2},  {FORM_FIXED, 3}, {FORM_FIXED, 5}, {FORM_FIXED, 9}, /* fixext: type and data */
    {FORM_FIXED, 17},                                                    /* fixext 16 */
    {FORM_BYTES, 1},  {FORM_BYTES, 2}, {FORM_BYTES, 4},                  /* str */
    {FORM_ARRAY, 2},  {FORM_ARRAY, 4}, {FORM_MAP, 2},   {FORM_MAP, 4},
};

/* What stands at the front: its own bytes, and how many values belong to it. */
struct head {
    uint64_t size;
    uint64_t values;
    bool nests;
};

static uint64_t big_endian(const char *at, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++)
        number = number << 8 | (uint8_t)at[i];
    return number;
}

static bool read_row(struct slice rest, struct row row, struct head *out)
{
    uint64_t number;

    if (row.form == FORM_NEVER || rest.len - 1 < row.arg)
        return false;
    number = row.form == FORM_FIXED ? 0 : big_endian(rest.at + 1, row.arg);
    *out = (struct head){.size = 1 + (uint64_t)row.arg};
    switch (row.form) {
    case FORM_NEVER:
    case FORM_FIXED:
        break;
    case FORM_BYTES:
        out->size += number;
        break;
    case FORM_EXT:
        out->size += number + 1;
        break;
    case FORM_ARRAY:
    case FORM_MAP:
        out->values = row.form == FORM_MAP ? 2 * number : number;
        out->nests = true;
        break;
    }
    return true;
}

/* False when the head is cut or in no use. rest is not empty. */
static bool read_head(struct slice rest, struct head *out)
{
    const uint8_t first = (uint8_t)rest.at[0];

    if (first >= 0xc0 && first <= 0xdf)
        return read_row(rest, rows[first - 0xc0], out);
    *out = (struct head){.size = 1};
    if (first >= 0x80 && first <= 0x9f) {
        out->values = first < 0x90 ? 2 * (first & 15U) : first & 15U;
        out->nests = true;
    } else if (first >= 0xa0 && first <= 0xbf) {
        out->size += first & 31U;
    }
    return true;
}

/* Past the value at the front of *rest. */
static enum status skip(struct slice *rest, struct problem *problem)
{
    uint64_t left[MSGPACK_DEPTH_MAX + 1] = {1}; /* values still to come, by depth */
    const size_t len = rest->len;
    size_t depth = 0;
    struct head head;

    /* A count that lies is found out when the bytes end before its values do. */
    while (left[depth] > 0) {
        if (rest->len == 0 || !read_head(*rest, &head) || head.size > rest->len)
            return problem_set(problem, 400, "malformed_msgpack",
                               "not MessagePack: cut short or broken at byte %zu", len - rest->len);
        *rest = slice_from(*rest, head.size);
        left[depth]--;
        if (head.nests && depth == MSGPACK_DEPTH_MAX)
            return problem_set(problem, 400, "too_deep", "nests more than %d levels deep",
                               MSGPACK_DEPTH_MAX);
        if (head.nests)
            left[++depth] = head.values;
        while (depth > 0 && left[depth] == 0)
            depth--;
    }
    return STATUS_OK;
}

enum status msgpack_check(struct slice text, struct problem *problem)
{
    if (skip(&text, problem) != STATUS_OK)
        return STATUS_INVALID;
    if (text.len > 0)
        return problem_set(problem, 400, "malformed_msgpack",
                           "not one MessagePack value: bytes follow it");
    return STATUS_OK;
}

struct slice msgpack_items(struct slice array)
{
    struct head head;

    must(array.len > 0 && read_head(array, &head));
    return slice_from(array, head.size);
}

struct slice msgpack_next(struct slice *items)
{
    struct slice item = *items;
    struct problem problem;

    must(skip(items, &problem) == STATUS_OK);
    item.len -= items->len;
    return item;
}
