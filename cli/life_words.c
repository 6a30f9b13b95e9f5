/*
 * life_words.c - why an event or its deliveries wait, and what happens next
 */
#include "life.h"
#include "print.h"

static void say_unread(const struct life *life, struct buf *out)
{
    if (!life->group.exists || life->group.consumers == 0) {
        buf_add_text(out, "It waits for a processor, and none shows itself: is millrace-processor "
                          "running?");
    } else if (life->group.lag >= 0) {
        buf_printf(out,
                   "It waits for a processor: %lld events of its partition are unread, and %lld "
                   "consumers read them in order.",
                   (long long)life->group.lag, (long long)life->group.consumers);
    } else {
        buf_printf(out, "It waits for a processor: %lld consumers read its partition in order.",
                   (long long)life->group.consumers);
    }
}

static void say_claimed(const struct life *life, struct buf *out)
{
    buf_add_text(out, "A processor, ");
    print_safe(out, slice_of(life->holder.name), HOLDER_NAME_MAX);
    buf_add_text(out, ", is finding out who gets it; last sign of life ");
    print_span(out, life->holder.idle_ms);
    buf_add_text(out, " ago. If it stays silent for its lease (30 s unless set), another takes "
                      "over and finishes.");
}

/* Of what waits, the one whose time comes first. */
static const struct delivery *first_due(const struct life *life)
{
    const struct delivery *first = NULL;

    for (size_t i = 0; i < life->count; i++) {
        const struct delivery *delivery = &life->deliveries[i];
        if (delivery->stage == DELIVERY_WAITING &&
            (first == NULL || (uint64_t)delivery->until_ms < (uint64_t)first->until_ms))
            first = delivery; /* -1, an unknown time, is the last of all */
    }
    return first;
}

static const char *meaning_of(const char *reason)
{
    static const char *const meanings[][2] = {
        {"backoff", "its last attempt failed, and the schedule says when to try again"},
        {"retry_after", "the endpoint asked for this time with Retry-After"},
        {"scheduled", "the event was posted for this time"},
        {DELIVERY_PAUSED, "its endpoint is paused"},
        {"ordering", "its endpoint gets one event after the other, and its turn has not come"},
        {"rate_limit", "its endpoint gets no more attempts than its rate limit allows"},
        {"concurrency_limit", "its endpoint has as many attempts under way as it may"},
    };

    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (slice_is(slice_of(reason), meanings[i][0]))
            return meanings[i][1];
    }
    return reason;
}

/* Its lane goes on then, but others may be before it. */
static bool is_in_line(const struct delivery *delivery)
{
    return slice_is(slice_of(delivery->reason), "ordering") ||
           slice_is(slice_of(delivery->reason), "rate_limit");
}

static void say_waiting(const struct life *life, int64_t now_ms, struct buf *out)
{
    const struct delivery *next = first_due(life);
    size_t count = life_count(life, DELIVERY_WAITING);

    if (next == NULL)
        return;
    if (count > 1)
        buf_printf(out, "%zu deliveries wait; the first ", count);
    else
        buf_add_text(out, "The delivery ");
    buf_printf(out, "to %s goes out ", next->endpoint);
    if (next->until_ms < 0) {
        buf_add_text(out, "when the endpoint is resumed");
    } else if (next->until_ms > now_ms) {
        buf_add_text(out, "in ");
        print_span(out, next->until_ms - now_ms);
        buf_add_text(out, is_in_line(next) ? " at the earliest" : "");
    } else {
        buf_add_text(out, "now (its time has come)");
    }
    buf_add_text(out, ": ");
    print_safe(out, slice_of(meaning_of(next->reason)), 128);
    buf_add_text(out, ". ");
}

static void say_under_way(const struct life *life, struct buf *out)
{
    size_t ready = life_count(life, DELIVERY_READY);
    size_t in_flight = life_count(life, DELIVERY_IN_FLIGHT);
    size_t either = life_count(life, DELIVERY_UNDER_WAY);

    if (in_flight > 0)
        buf_printf(out, "%zu %s with a dispatcher now. ", in_flight, in_flight > 1 ? "are" : "is");
    if (ready > 0)
        buf_printf(out,
                   "%zu %s for a dispatcher to be free (none running? start "
                   "millrace-dispatcher). ",
                   ready, ready > 1 ? "wait" : "waits");
    if (either > 0)
        buf_printf(out, "%zu %s with a dispatcher or waiting for one, behind many others. ", either,
                   either > 1 ? "are" : "is");
}

static void say_ended(const struct life *life, struct buf *out)
{
    size_t delivered = life_count(life, DELIVERY_DELIVERED);
    size_t dead = life_count(life, DELIVERY_DEAD);

    if (delivered == life->count && delivered == 1) {
        buf_add_text(out, "Delivered to the one endpoint that wants it; nothing more happens.");
        return;
    }
    if (delivered == life->count) {
        buf_printf(out, "Delivered to all %zu endpoints that want it; nothing more happens.",
                   delivered);
        return;
    }
    if (delivered > 0)
        buf_printf(out, "%zu of %zu delivered. ", delivered, life->count);
    if (dead > 0)
        buf_printf(out, "%zu given up and kept as %s: nothing more happens to %s by itself.", dead,
                   dead > 1 ? "dead letters" : "a dead letter", dead > 1 ? "them" : "it");
}

static void say_skipped(const struct life *life, struct buf *out)
{
    if (slice_is(slice_of(life->skipped), "no_subscriber"))
        buf_add_text(out, "Nobody got it: no endpoint of the organization wanted this type when it "
                          "was processed.");
    else if (slice_is(slice_of(life->skipped), "endpoint_disabled"))
        buf_add_text(out, "Nobody got it: the endpoints that want this type were disabled when it "
                          "was processed.");
    else if (slice_is(slice_of(life->skipped), "filtered"))
        buf_add_text(out, "Nobody got it: the filters of the endpoints that want this type refused "
                          "it when it was processed.");
    else {
        buf_add_text(out, "Nobody got it: ");
        print_safe(out, slice_of(life->skipped), sizeof life->skipped);
        buf_add_char(out, '.');
    }
    buf_add_text(out, " Nothing more happens.");
}

void life_next(const struct life *life, int64_t now_ms, struct buf *out)
{
    if (life->stage == EVENT_UNREAD)
        say_unread(life, out);
    else if (life->stage == EVENT_CLAIMED)
        say_claimed(life, out);
    else if (life->skipped[0] != '\0')
        say_skipped(life, out);
    else if (life->count == 0)
        buf_add_text(out,
                     "It was processed, and the record of its deliveries is not kept any more.");
    else {
        say_waiting(life, now_ms, out);
        say_under_way(life, out);
        say_ended(life, out);
    }
    while (out->len > 0 && out->at[out->len - 1] == ' ')
        out->len--;
}
