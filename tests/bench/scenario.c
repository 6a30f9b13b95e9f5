#include "scenario.h"

#include <stdlib.h>

#define HEAD_MAX 65536

static size_t route_of(struct scenario *scenario, struct slice name)
{
    size_t route = 0;
    while (route < scenario->routes_count && !slice_eq(scenario->routes[route].name, name))
        route++;
    if (route == scenario->routes_count) {
        scenario->routes[route].name = name;
        scenario->routes_count++;
    }
    return route;
}

static char *head_text(struct slice start, struct slice fields)
{
    struct buf head;
    buf_init(&head, HEAD_MAX);
    buf_add_slice(&head, start);
    buf_add_text(&head, " HTTP/1.1\r\n");
    buf_add_slice(&head, fields);
    char *text = head.overflow ? NULL : xslicedup(buf_slice(&head));
    buf_fini(&head);
    return text;
}

enum status scenario_add(struct scenario *scenario, struct slice name, struct slice keep,
                         struct slice start, struct slice fields, struct slice body)
{
    if (scenario->calls_count == SCENARIO_CALLS_MAX)
        return STATUS_LIMIT;
    struct scenario_call *call = &scenario->calls[scenario->calls_count++];
    *call = (struct scenario_call){.route = route_of(scenario, name),
                                   .keep = keep.len > 0 ? xslicedup(keep) : NULL,
                                   .head_text = head_text(start, fields)};
    if (!call->head_text ||
        request_template_parse(slice_of(call->head_text), &call->head) != STATUS_OK ||
        request_template_parse(body, &call->item) != STATUS_OK)
        return STATUS_LIMIT;
    call->needs_kept = request_template_has(&call->head, PLACE_KEPT) ||
                       request_template_has(&call->item, PLACE_KEPT);
    return STATUS_OK;
}

static enum status add_line(struct scenario *scenario, struct slice line, struct slice fields)
{
    struct slice name = slice_cut(&line, ' '), keep = slice_cut(&line, ' ');
    struct slice start = line, method = slice_cut(&line, ' '), target = slice_cut(&line, ' ');
    if (name.len == 0 || keep.len == 0 || method.len == 0 || target.len == 0)
        return STATUS_INVALID;
    start.len = method.len + 1 + target.len;
    return scenario_add(scenario, name, slice_is(keep, "-") ? (struct slice){0} : keep, start,
                        fields, line);
}

enum status scenario_parse(struct scenario *scenario, struct slice lines, struct slice fields)
{
    enum status status = STATUS_OK;
    bool can_begin = false;
    while (status == STATUS_OK && lines.len > 0) {
        struct slice line = slice_cut(&lines, '\n');
        if (line.len > 0)
            status = add_line(scenario, line, fields);
    }
    for (size_t i = 0; i < scenario->calls_count; i++)
        can_begin = can_begin || !scenario->calls[i].needs_kept;
    return status == STATUS_OK && !can_begin ? STATUS_INVALID : status;
}

void scenario_fini(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->calls_count; i++) {
        free(scenario->calls[i].keep);
        free(scenario->calls[i].head_text);
    }
    scenario->calls_count = scenario->routes_count = 0;
}

size_t scenario_next(const struct scenario *scenario, size_t from, bool is_kept)
{
    size_t call = from % scenario->calls_count;
    while (scenario->calls[call].needs_kept && !is_kept)
        call = (call + 1) % scenario->calls_count;
    return call;
}

void scenario_note(struct scenario *scenario, size_t call, int status, uint64_t took_us)
{
    struct scenario_route *route = &scenario->routes[scenario->calls[call].route];
    histogram_add(&route->answer_us, took_us);
    if (status < 200 || status > 299)
        route->refused++;
}

void scenario_json(const struct scenario *scenario, struct buf *out)
{
    buf_add_char(out, '{');
    for (size_t i = 0; i < scenario->routes_count; i++) {
        const struct scenario_route *route = &scenario->routes[i];
        buf_printf(out, "%s\"%.*s\":{\"refused\":%llu,\"answer_us\":", i ? "," : "",
                   (int)route->name.len, route->name.at, (unsigned long long)route->refused);
        histogram_json(&route->answer_us, out);
        buf_add_char(out, '}');
    }
    buf_add_char(out, '}');
}
