/*
 * filter.h - which events an endpoint wants, by what is in them
 *
 * A filter is JSON: the CloudEvents subscription dialects exact, prefix, suffix, all, any, not, and five more.
 *
 *   filter      = expression | [ expression, … ]                       an array: all of them must hold
 *   expression  = an object with exactly one of these members:
 *     "exact":  { path: string | number | true | false | null, … }     has this value
 *     "prefix": { path: string, … }      "suffix": { path: string, … } is a string that begins, ends with these bytes
 *     "gt": { path: number, … }          "gte", "lt", "lte" alike      is a number >, >=, <, <= this
 *     "exists": { path: true | false, … }                              is there, is not there
 *     "all": [ expression, … ]           "any": [ expression, … ]      every one, at least one holds
 *     "not": expression                                                does not hold
 *   path        = "type" | "key"         texts of the event; an event without a key has no "key"
 *               | JSON Pointer           RFC 6901, into data: "/order/lines/0/sku"; "" is data itself
 *
 * Several paths in one object must all hold. A path that leads nowhere, or to a value of another type, makes exact, prefix,
 * suffix, gt, gte, lt and lte false, and so "not" of them true. A member that is null exists. Nothing is converted: "1" is not 1.
 * Strings compare byte by byte. Numbers compare by their exact value, of any size: 1, 1.0 and 10e-1 are equal, 9007199254740993 and
 * 9007199254740992 are not. When data has a member twice, the last counts, as for most readers. Array indexes have no
 * leading zeros; "-" leads nowhere. In a pointer "~1" stands for '/' and "~0" for '~'. Data that is no JSON has no value at all.
 *
 * "type" and "key" take exact, prefix and suffix with strings, and exists. Strings of prefix and suffix, and of exact for
 * "type" and "key", are not empty. Objects and arrays are not empty, members do not repeat. Bounds: the text FILTER_TEXT_MAX bytes
 * (in a request, without white space), a path FILTER_PATH_MAX bytes, FILTER_DEPTH_MAX expressions within one another,
 * FILTER_PARTS_MAX paths and all, any and not together; numbers 0, or at least 1e-9999 and less than 1e9999 of either sign. A
 * number in data may be of any size, but one that takes more than FILTER_NUMBER_MAX bytes equals none and has no order.
 */
#pragma once

#include "problem.h"

#define FILTER_TEXT_MAX 8192
#define FILTER_PATH_MAX 512
#define FILTER_DEPTH_MAX 8
#define FILTER_PARTS_MAX 100
#define FILTER_EXPONENT_MAX 9999
#define FILTER_NUMBER_MAX 1024

/* One allocation; owns all its texts. */
struct filter;

/* NULL with a problem; 422 unless it is no JSON. The pointer starts at the filter. */
struct filter *filter_compile(struct slice text, struct problem *problem) must_check;
void filter_free(struct filter **filter);

/* Starts as {type, key, data, NULL}; the texts are borrowed. Data is parsed when the first filter looks into it, once for all. */
struct filter_data;
struct filter_event {
    struct slice type, key, data;
    struct filter_data *parsed; /* owned */
};
void filter_event_fini(struct filter_event *event);

bool filter_accepts(const struct filter *filter, struct filter_event *event);
