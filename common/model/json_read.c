/*
 * json_read.c - strict JSON of bounded depth, as a yyjson tree
 */
#include "json_read.h"

#include "../base/must.h"

static enum status refuse(struct slice text, const yyjson_read_err *err, struct problem *problem)
{
    must(err->code != YYJSON_READ_ERROR_MEMORY_ALLOCATION);
    if (text.len == 0)
        return problem_set(problem, 400, "malformed_json", "is empty");
    return problem_set(problem, 400, "malformed_json", "not JSON: %s, at byte %zu", err->msg,
                       err->pos);
}

yyjson_doc *json_read(struct slice text, size_t max_depth, struct json_scratch *scratch,
                      struct problem *problem)
{
    const size_t need = yyjson_read_max_memory_usage(text.len, YYJSON_READ_NUMBER_AS_RAW);
    const bool fits = need <= sizeof scratch->at;
    /* Without YYJSON_READ_INSITU the text is only read; its parameter is not const all the same. */
    char *at = (char *)(uintptr_t)text.at;
    yyjson_read_err err = {0};
    yyjson_doc *doc;
    yyjson_alc pool;

    if (json_check_depth(text, max_depth) != STATUS_OK) {
        problem_set(problem, 400, "too_deep", "nests more than %zu levels deep", max_depth);
        return NULL;
    }
    must(!fits || yyjson_alc_pool_init(&pool, scratch->at, sizeof scratch->at));
    doc = yyjson_read_opts(at, text.len, YYJSON_READ_NUMBER_AS_RAW, fits ? &pool : NULL, &err);
    if (doc == NULL)
        refuse(text, &err, problem);
    return doc;
}

void json_read_free(yyjson_doc **doc)
{
    yyjson_doc_free(*doc);
    *doc = NULL;
}

bool json_walk_start(yyjson_val *object, struct slice text, struct json_walk *walk)
{
    if (!yyjson_obj_iter_init(object, &walk->members))
        return false;
    must(json_spans_start(text, &walk->spans));
    return true;
}

yyjson_val *json_walk_next(struct json_walk *walk, struct slice *out_span)
{
    yyjson_val *name = yyjson_obj_iter_next(&walk->members);
    struct slice raw_name;

    if (name == NULL)
        return NULL;
    if (yyjson_obj_iter_has_next(&walk->members))
        must(json_spans_next(&walk->spans, &raw_name, out_span));
    else
        json_spans_last(&walk->spans, &raw_name, out_span);
    return name;
}

struct slice json_value_text(yyjson_val *value)
{
    must(yyjson_is_str(value) || yyjson_is_raw(value));
    return (struct slice){unsafe_yyjson_get_str(value), unsafe_yyjson_get_len(value)};
}
