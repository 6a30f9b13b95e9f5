/*
 * filter_fuzz.c - a filter and data to judge by it, a NUL between them
 *
 * What compiles says the opposite within "not", and the same within "all" and once its text is written anew.
 */
#include <string.h>

#include "base/must.h"
#include "model/filter.h"
#include "model/filter_parse.h"
#include "model/hook_event.h"
#include "model/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problem(const struct problem *problem)
{
    must(problem->http_status == 400 || problem->http_status == 422);
    must(problem->code != NULL && problem->detail[0] != '\0');
    must(problem->pointer[0] == '\0' || problem->pointer[0] == '/');
    must(utf8_is_valid(slice_of(problem->pointer)) && utf8_is_valid(slice_of(problem->detail)));
}

/* -1: not compiled, which a filter that is at its bounds already may be. */
static int judge(struct slice text, struct slice data)
{
    struct filter_event event = {.type = SLICE("a.b"), .key = SLICE("k"), .data = data};
    struct problem problem;
    struct filter *filter = filter_compile(text, &problem);
    int accepted;

    if (filter == NULL) {
        check_problem(&problem);
        return -1;
    }
    accepted = filter_accepts(filter, &event);
    must(filter_accepts(filter, &event) == (accepted == 1));
    filter_event_fini(&event);
    filter_free(&filter);
    return accepted;
}

static void check_within(const char *open, struct slice text, const char *close, struct slice data,
                         int expected)
{
    struct buf around;

    buf_init(&around, text.len + 100);
    buf_add_text(&around, open);
    buf_add_slice(&around, text);
    buf_add_text(&around, close);
    const int accepted = judge(buf_slice(&around), data);
    must(accepted == expected || accepted == -1);
    buf_fini(&around);
}

static void check_written(struct slice text, struct slice data, int expected)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct problem problem;
    yyjson_doc *doc = json_read(text, JSON_DEPTH_MAX, &scratch, &problem);
    struct buf written;

    buf_init(&written, FILTER_TEXT_MAX);
    must(filter_write(yyjson_doc_get_root(doc), &written, &problem) == STATUS_OK);
    must(written.len <= text.len && utf8_is_valid(buf_slice(&written)));
    must(judge(buf_slice(&written), data) == expected);
    buf_fini(&written);
    json_read_free(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice event_data = {(const char *)data, size};
    const struct slice text = slice_cut(&event_data, '\0');
    const int accepted = judge(text, event_data);

    if (accepted < 0)
        return 0;
    check_written(text, event_data, accepted);
    check_within("{\"all\":[", text, "]}", event_data, accepted);
    check_within("{\"not\":", text, "}", event_data, !accepted);
    return 0;
}
