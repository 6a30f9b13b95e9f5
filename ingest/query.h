/*
 * query.h - parameters of a request's query, and pages of lists
 *
 * A page is at most "limit" items (50 unless said, 250 at most), from a cursor on. A cursor is opaque
 * to clients: a position in a list, bound by a MAC to the organization, the route and the filters that
 * it was made for.
 */
#pragma once

#include "call.h"

#define PAGE_LIMIT_DEFAULT 50
#define PAGE_LIMIT_MAX 250
#define POSITION_MAX 128 /* bytes of a position: ids, with ' ' between */

struct page {
    size_t limit;
    char position[POSITION_MAX + 1]; /* after which it begins; "": from the start */
};

/* Answers 400 unknown_parameter or malformed_query for what the route does not take. */
enum status query_check(struct call *call) must_check;

/* Empty when it is not given. Known to be well-formed after query_check. */
struct slice query_text(struct call *call, const char *name);

/* These answer 400 invalid_parameter, with the pointer "?name". *out stays when it is not given. */
enum status query_time(struct call *call, const char *name, int64_t *out_at_ms) must_check;
enum status query_choice(struct call *call, const char *name, const char *const *choices,
                         size_t *out) must_check;
enum status query_id(struct call *call, const char *name, const char *prefix,
                     struct slice *out) must_check; /* "ep_", "evt_", … */

/* limit and cursor. org: whose list it is. Answers 400 invalid_parameter or invalid_cursor. */
enum status query_page(struct call *call, const char *org, struct page *out) must_check;

/* The answer of a list: {"data":[…],"next_cursor":…}. Begin, put items, end; position NULL: it was
 * the last page. */
struct json_writer;
void page_begin(struct json_writer *json);
void page_end(struct json_writer *json, struct call *call, const char *org, const char *position);
