#include "request_template.h"

#include <string.h>

static const struct {
    const char *text;
    enum request_place place;
} places[] = {
    {"{seq}", PLACE_SEQ},     {"{sent}", PLACE_SENT}, {"{mod}", PLACE_MOD},
    {"{value}", PLACE_VALUE}, {"{kept}", PLACE_KEPT},
};

static enum request_place place_at(struct slice text, size_t *out_len)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (slice_starts(text, places[i].text)) {
            *out_len = strlen(places[i].text);
            return places[i].place;
        }
    }
    return PLACE_NONE;
}

enum status request_template_parse(struct slice text, struct request_template *out)
{
    size_t start = 0, place_len = 0;
    out->count = 0;
    for (size_t at = 0; at < text.len; at++) {
        enum request_place place =
            text.at[at] == '{' ? place_at(slice_from(text, at), &place_len) : PLACE_NONE;
        if (place == PLACE_NONE)
            continue;
        if (out->count == REQUEST_TEMPLATE_PIECES_MAX - 1)
            return STATUS_LIMIT;
        out->pieces[out->count++] = (struct request_piece){{text.at + start, at - start}, place};
        start = at + place_len;
        at = start - 1;
    }
    out->pieces[out->count++] = (struct request_piece){slice_from(text, start), PLACE_NONE};
    return STATUS_OK;
}

bool request_template_has(const struct request_template *template, enum request_place place)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->pieces[i].place == place)
            return true;
    return false;
}

void request_template_render(const struct request_template *template,
                             const struct request_values *values, struct buf *out)
{
    for (size_t i = 0; i < template->count; i++) {
        buf_add_slice(out, template->pieces[i].text);
        switch (template->pieces[i].place) {
        case PLACE_NONE:
            break;
        case PLACE_SEQ:
            buf_add_u64(out, values->seq);
            break;
        case PLACE_SENT:
            buf_add_i64(out, values->sent_us);
            break;
        case PLACE_MOD:
            buf_add_u64(out, values->mod);
            break;
        case PLACE_VALUE:
            buf_add_slice(out, values->value);
            break;
        case PLACE_KEPT:
            buf_add_slice(out, values->kept);
            break;
        }
    }
}
