/*
 * msgpack_json.h - MessagePack: checked before it is unpacked, and written as JSON
 *
 * msgpack-c allocates what a count announces, so the whole document is walked first, without
 * allocation. Source: github.com/msgpack/msgpack, spec.md.
 */
#pragma once

#include <msgpack.h>

#include "../base/bytes.h"
#include "problem.h"

/* msgpack-c's own bound, compiled in. */
#define MSGPACK_DEPTH_MAX 32

/* One whole value and nothing behind it; 400 malformed_msgpack or too_deep. */
enum status msgpack_check(struct slice text, struct problem *problem) must_check;

/* Of a checked array: its items, and one after the other the bytes of each. */
struct slice msgpack_items(struct slice array);
struct slice msgpack_next(struct slice *items);

/* The longest JSON that msgpack_json can make of len bytes. */
#define MSGPACK_JSON_MAX(len) (6 * (len))

/* Appends. STATUS_INVALID with *out_why (static) for what JSON cannot say: bin, ext, NaN, infinities,
 * keys that are no texts, invalid UTF-8; part of it may have been written. value is at most
 * MSGPACK_DEPTH_MAX deep. */
enum status msgpack_json(const msgpack_object *value, struct buf *out,
                         const char **out_why) must_check;
