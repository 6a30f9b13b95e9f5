/*
 * signature_fuzz.c - a list verifies exactly when the right signature is one of its words; secrets are canonical
 *
 * Input: id, timestamp and list, one line each, then the body. A line that is missing is empty.
 */
#include <string.h>

#include "base/must.h"
#include "model/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1614265330

static const struct signing_secret *the_secret(void)
{
    static struct signing_secret secret;
    if (secret.len == 0)
        must(signing_secret_parse(SLICE("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), &secret) ==
             STATUS_OK);
    return &secret;
}

static bool has_word(struct slice list, const char *word)
{
    while (list.len > 0) {
        if (slice_is(slice_cut(&list, ' '), word))
            return true;
    }
    return false;
}

static void check_list(struct slice id, struct slice timestamp, struct slice list,
                       struct slice body)
{
    uint64_t at_s = 0;
    char expected[SIGNATURE_LEN + 1];
    enum status status = signature_verify(the_secret(), id, timestamp, list, body, NOW);
    bool readable = id.len > 0 && slice_to_u64(timestamp, INT64_MAX, &at_s) == STATUS_OK;
    must(readable == (status != STATUS_INVALID));
    if (!readable || timestamp.at[0] == '0')
        return;
    signature_make(the_secret(), id, (int64_t)at_s, body, expected);
    bool in_time = at_s >= NOW - 300 && at_s <= NOW + 300;
    must((status == STATUS_OK) == (in_time && has_word(list, expected)));
}

static void check_secret(struct slice text)
{
    struct signing_secret secret, back;
    char again[SIGNING_SECRET_TEXT_MAX];
    if (signing_secret_parse(text, &secret) != STATUS_OK)
        return;
    signing_secret_format(&secret, again);
    must(signing_secret_parse(slice_of(again), &back) == STATUS_OK);
    must(back.len == secret.len && memcmp(back.bytes, secret.bytes, secret.len) == 0);
    if (slice_starts(text, "whsec_"))
        must(slice_starts(slice_of(again), "whsec_") && text.len <= strlen(again) &&
             memcmp(text.at, again, text.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {.at = (const char *)data, .len = size};
    check_secret(rest);
    struct slice id = slice_cut(&rest, '\n');
    struct slice timestamp = slice_cut(&rest, '\n');
    struct slice list = slice_cut(&rest, '\n');
    check_list(id, timestamp, list, rest);
    return 0;
}
