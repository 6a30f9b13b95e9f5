#include "delivery_state.h"

#define WAITING_SKIPPED 5 /* attempt snoozes org trace request */

static enum status read_word(struct slice word, enum delivery_word *out)
{
    static const char *const words[] = {"pending", "waiting", "delivered", "dead"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_is(word, words[i])) {
            *out = (enum delivery_word)i;
            return STATUS_OK;
        }
    }
    return STATUS_INVALID;
}

static enum status read_number(struct slice *text, int64_t *out)
{
    uint64_t number;

    if (slice_to_u64(slice_cut(text, ' '), INT64_MAX, &number) != STATUS_OK)
        return STATUS_INVALID;
    *out = (int64_t)number;
    return STATUS_OK;
}

static enum status read_waiting(struct slice *text, struct delivery_state *state)
{
    struct slice until;

    state->reason = slice_cut(text, ' ');
    until = slice_cut(text, ' ');
    if (state->reason.len == 0)
        return STATUS_INVALID;
    if (!slice_is(until, "-") && read_number(&until, &state->until_ms) != STATUS_OK)
        return STATUS_INVALID;
    for (size_t i = 0; i < WAITING_SKIPPED; i++)
        if (slice_cut(text, ' ').len == 0)
            return STATUS_INVALID;
    return STATUS_OK;
}

/* "0", or "<attempts> <status> <ms>" and the history, if there is any */
static enum status read_tail(struct slice text, struct delivery_state *state)
{
    if (read_number(&text, &state->attempts) != STATUS_OK)
        return STATUS_INVALID;
    if (text.len == 0 && state->attempts == 0)
        return STATUS_OK;
    if (read_number(&text, &state->status) != STATUS_OK ||
        read_number(&text, &state->changed_at_ms) != STATUS_OK)
        return STATUS_INVALID;
    state->history = text;
    return STATUS_OK;
}

enum status delivery_state_parse(struct slice text, struct delivery_state *out)
{
    struct delivery_state state = {.until_ms = -1, .changed_at_ms = -1};

    if (read_word(slice_cut(&text, ' '), &state.word) != STATUS_OK)
        return STATUS_INVALID;
    if (state.word == DELIVERY_WORD_WAITING && read_waiting(&text, &state) != STATUS_OK)
        return STATUS_INVALID;
    if (state.word == DELIVERY_WORD_DEAD) {
        const struct slice letter = slice_cut(&text, ' ');
        if (!slice_is(letter, "-") && stream_id_parse(letter, &state.letter) != STATUS_OK)
            return STATUS_INVALID;
    }
    if (read_tail(text, &state) != STATUS_OK)
        return STATUS_INVALID;
    *out = state;
    return STATUS_OK;
}
