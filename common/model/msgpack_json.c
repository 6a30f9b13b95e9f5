/*
 * msgpack_json.c - MessagePack values written as JSON
 */
#include "msgpack_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

static enum status put_value(const msgpack_object *value, struct buf *out, const char **out_why);

static enum status put_text(const msgpack_object *value, struct buf *out, const char **out_why)
{
    const struct slice text = {value->via.str.ptr, value->via.str.size};

    if (!utf8_is_valid(text)) {
        *out_why = "has a text that is not UTF-8";
        return STATUS_INVALID;
    }
    json_text(out, text);
    return STATUS_OK;
}

/* The fewest digits that read back as the same number: a float needs at most 9, a double 17. */
static enum status put_float(const msgpack_object *value, struct buf *out, const char **out_why)
{
    const bool is_double = value->type == MSGPACK_OBJECT_FLOAT64;
    const double number = value->via.f64;
    char text[40];

    if (!isfinite(number)) {
        *out_why = "has a number that JSON cannot say";
        return STATUS_INVALID;
    }
    for (int digits = is_double ? 15 : 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (is_double ? strtod(text, NULL) == number : strtof(text, NULL) == (float)number)
            break;
    }
    buf_add_text(out, text);
    if (strpbrk(text, ".e") == NULL)
        buf_add_slice(out, SLICE(".0"));
    return STATUS_OK;
}

static enum status put_array(const msgpack_object_array *array, struct buf *out,
                             const char **out_why)
{
    buf_add_char(out, '[');
    for (uint32_t i = 0; i < array->size; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        if (put_value(&array->ptr[i], out, out_why) != STATUS_OK)
            return STATUS_INVALID;
    }
    buf_add_char(out, ']');
    return STATUS_OK;
}

static enum status put_map(const msgpack_object_map *map, struct buf *out, const char **out_why)
{
    buf_add_char(out, '{');
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object_kv *pair = &map->ptr[i];

        if (pair->key.type != MSGPACK_OBJECT_STR) {
            *out_why = "has a map key that is no text";
            return STATUS_INVALID;
        }
        if (i > 0)
            buf_add_char(out, ',');
        if (put_text(&pair->key, out, out_why) != STATUS_OK)
            return STATUS_INVALID;
        buf_add_char(out, ':');
        if (put_value(&pair->val, out, out_why) != STATUS_OK)
            return STATUS_INVALID;
    }
    buf_add_char(out, '}');
    return STATUS_OK;
}

static enum status put_value(const msgpack_object *value, struct buf *out, const char **out_why)
{
    switch (value->type) {
    case MSGPACK_OBJECT_NIL:
        buf_add_slice(out, SLICE("null"));
        return STATUS_OK;
    case MSGPACK_OBJECT_BOOLEAN:
        buf_add_text(out, value->via.boolean ? "true" : "false");
        return STATUS_OK;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        buf_add_u64(out, value->via.u64);
        return STATUS_OK;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        buf_add_i64(out, value->via.i64);
        return STATUS_OK;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return put_float(value, out, out_why);
    case MSGPACK_OBJECT_STR:
        return put_text(value, out, out_why);
    case MSGPACK_OBJECT_ARRAY:
        return put_array(&value->via.array, out, out_why);
    case MSGPACK_OBJECT_MAP:
        return put_map(&value->via.map, out, out_why);
    case MSGPACK_OBJECT_BIN:
    case MSGPACK_OBJECT_EXT:
        break;
    }
    *out_why = "has binary or extension data, which JSON cannot say";
    return STATUS_INVALID;
}

enum status msgpack_json(const msgpack_object *value, struct buf *out, const char **out_why)
{
    return put_value(value, out, out_why);
}
