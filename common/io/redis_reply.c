/*
 * redis_reply.c - answers read without trust: every question has an answer for every reply
 */
#include "redis_reply.h"

#define MADE_UP(name, words)                                                                       \
    static const struct redis_reply name##_reply = {                                               \
        .type = REDIS_ERROR, .text = {.at = words, .len = sizeof words - 1}};                      \
    const struct redis_reply *const redis_reply_##name = &name##_reply

MADE_UP(lost, "LOST the connection ended before the answer");
MADE_UP(timeout, "TIMEOUT no answer in time");

/* First word of an error, and what it means. The order is that of redis_error_kinds. */
static const struct {
    const char *word;
    enum status status;
} kinds[] = {
    {"LOADING", STATUS_DOWN},     {"READONLY", STATUS_DOWN},    {"MASTERDOWN", STATUS_DOWN},
    {"NOREPLICAS", STATUS_DOWN},  {"MISCONF", STATUS_DOWN},     {"OOM", STATUS_DOWN},
    {"BUSY", STATUS_DOWN},        {"CLUSTERDOWN", STATUS_DOWN}, {"TRYAGAIN", STATUS_DOWN},
    {"UNBLOCKED", STATUS_DOWN},   {"NOSCRIPT", STATUS_DOWN},    {"NOAUTH", STATUS_DENIED},
    {"WRONGPASS", STATUS_DENIED}, {"NOPERM", STATUS_DENIED},    {"LOST", STATUS_UNSURE},
    {"TIMEOUT", STATUS_UNSURE},
};
#define KINDS_COUNT (sizeof kinds / sizeof kinds[0])
enum { KIND_LOST = KINDS_COUNT - 2, KIND_DOWN = KINDS_COUNT, KIND_OTHER };

const char *const redis_error_kinds[] = {
    "loading",     "readonly", "masterdown", "noreplicas", "misconf", "oom",       "busy",
    "clusterdown", "tryagain", "unblocked",  "noscript",   "noauth",  "wrongpass", "noperm",
    "lost",        "timeout",  "down",       "other",      NULL,
};
_Static_assert(sizeof redis_error_kinds / sizeof redis_error_kinds[0] == KIND_OTHER + 2,
               "a name for each kind");

enum redis_type redis_reply_type(const struct redis_reply *reply)
{
    return reply != NULL ? reply->type : REDIS_NIL;
}

struct slice redis_reply_text(const struct redis_reply *reply)
{
    enum redis_type type = redis_reply_type(reply);

    if (type != REDIS_TEXT && type != REDIS_ERROR)
        return (struct slice){0};
    return reply->text;
}

static int64_t int_of_text(struct slice text)
{
    bool negative = slice_starts(text, "-");
    uint64_t value;

    if (slice_to_u64(slice_from(text, negative ? 1 : 0), INT64_MAX, &value) != STATUS_OK)
        return 0;
    return negative ? -(int64_t)value : (int64_t)value;
}

int64_t redis_reply_int(const struct redis_reply *reply)
{
    enum redis_type type = redis_reply_type(reply);

    if (type == REDIS_INT)
        return reply->number;
    return type == REDIS_TEXT ? int_of_text(redis_reply_text(reply)) : 0;
}

size_t redis_reply_count(const struct redis_reply *reply)
{
    return redis_reply_type(reply) == REDIS_LIST ? reply->list.count : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *reply, size_t index)
{
    if (index >= redis_reply_count(reply))
        return NULL;
    return &reply->list.at[index];
}

size_t redis_reply_slices(const struct redis_reply *reply, struct slice *out, size_t max)
{
    size_t count = redis_reply_count(reply);

    if (count > max)
        count = max;
    for (size_t i = 0; i < count; i++)
        out[i] = redis_reply_text(redis_reply_at(reply, i));
    return count;
}

/* The whole first word: BUSY is not BUSYGROUP. */
static size_t kind_of_error(const struct redis_reply *reply)
{
    struct slice text = redis_reply_text(reply);
    struct slice word = slice_cut(&text, ' ');

    for (size_t i = 0; i < KINDS_COUNT; i++) {
        if (slice_is(word, kinds[i].word))
            return i;
    }
    return KIND_OTHER;
}

enum status redis_status_of(const struct redis_reply *reply)
{
    size_t kind;

    if (redis_reply_type(reply) != REDIS_ERROR)
        return STATUS_OK;
    kind = kind_of_error(reply);
    /* The last two words are ours: from a server they are an error like any other. */
    return kind < KIND_LOST ? kinds[kind].status : STATUS_FAILED;
}

bool redis_reply_is_of_another(const struct redis_reply *reply)
{
    static const char *const words[] = {"READONLY", "LOADING", "MASTERDOWN", "NOSCRIPT"};
    bool is_any = false;

    if (redis_reply_type(reply) == REDIS_ERROR) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            is_any |= slice_starts(redis_reply_text(reply), words[i]);
    }
    return is_any;
}

size_t redis_error_kind(enum status status, const struct redis_reply *reply)
{
    if (redis_reply_type(reply) == REDIS_ERROR)
        return kind_of_error(reply);
    if (status == STATUS_DOWN)
        return KIND_DOWN;
    return status == STATUS_UNSURE ? KIND_LOST : KIND_OTHER;
}
