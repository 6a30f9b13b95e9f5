/*
 * attempt_lines.c - header lines without printf, because each attempt needs them
 */
#include "attempt_lines.h"

#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "model/trace.h"

enum { ID, TIMESTAMP, IDEMPOTENCY, TRACE, ATTEMPT };
_Static_assert(ATTEMPT + 2 == ATTEMPT_LINES, "those, and the signatures");

static char *put_name(char *line, struct slice name)
{
    memcpy(line, name.at, name.len);
    return line + name.len;
}

static void write_text(char line[ATTEMPT_LINE_SIZE], struct slice name, struct slice value)
{
    char *at = put_name(line, name);
    size_t room = ATTEMPT_LINE_SIZE - 1 - name.len;
    size_t len = value.len < room ? value.len : room;
    if (len > 0) {
        memcpy(at, value.at, len);
    }
    at[len] = '\0';
}

static void write_number(char line[ATTEMPT_LINE_SIZE], struct slice name, uint64_t value)
{
    char *at = put_name(line, name);
    at[decimal_encode(value, at)] = '\0';
}

static void write_trace(char line[ATTEMPT_LINE_SIZE], struct slice parent)
{
    char *trace = put_name(line, SLICE("traceparent: "));
    uint8_t random[24];
    random_bytes(random, sizeof random);
    if (parent.len > 0) {
        traceparent_child(parent, random, trace);
    } else {
        traceparent_make(random, trace);
    }
}

void attempt_lines_write(struct attempt_lines *lines, const struct delivery *delivery,
                         struct signers *signers, struct slice body)
{
    struct slice event = delivery->fields.event;
    int64_t now_at_ms = clock_wall_ms();
    signers_sign(signers, event, now_at_ms, body,
                 put_name(lines->signatures, SLICE("webhook-signature: ")));
    write_text(lines->texts[ID], SLICE("webhook-id: "), event);
    write_number(lines->texts[TIMESTAMP], SLICE("webhook-timestamp: "),
                 (uint64_t)(now_at_ms / 1000));
    write_text(lines->texts[IDEMPOTENCY], SLICE("idempotency-key: "), slice_of(delivery->id));
    write_number(lines->texts[ATTEMPT], SLICE("x-millrace-attempt: "), delivery->fields.attempt);
    write_trace(lines->texts[TRACE], delivery->fields.trace);
}

void attempt_lines_list(struct attempt_lines *lines, char *out[HTTP_LINES_MAX])
{
    for (size_t i = 0; i < ATTEMPT_LINES - 1; i++) {
        out[i] = lines->texts[i];
    }
    out[ATTEMPT_LINES - 1] = lines->signatures;
}
