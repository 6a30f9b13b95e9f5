/*
 * ask.h - questions to Redis, one after the other or many at once, answered before the program goes on
 *
 * Questions that are sent are answered by ask_wait, each to its callback, in the order of sending. A callback may not ask.
 * Fails:  ask_open after the first attempt to connect; ask_wait with the first failure among its answers, told in words.
 */
#pragma once

#include "io/redis.h"

struct ask;

/* The URL's words are checked too. The caller closes what it gets. */
enum status ask_open(const char *redis_url, struct ask **out, struct error *err) must_check;
void ask_close(struct ask **ask);

/* words: the command and its arguments. fn is called only when Redis did what was asked. */
void ask_words(struct ask *ask, const struct slice *words, size_t count, redis_reply_fn fn,
               void *self);

/* The same, but an error that Redis answers is fn's to judge: a key, a group or a permission may be missing. */
void ask_may_fail(struct ask *ask, const struct slice *words, size_t count, redis_reply_fn fn,
                  void *self);

#define ASK_WORDS(...)                                                                             \
    (const struct slice[]){__VA_ARGS__},                                                           \
        sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice)

enum status ask_wait(struct ask *ask, struct error *err) must_check;

/* Returns when Redis is back, or after so long; true when it is there. */
bool ask_until_up(struct ask *ask, int64_t wait_ms);

void ask_pause(struct ask *ask, int64_t pause_ms);

/* As mr:meta has it. STATUS_ABSENT when no service has used this Redis yet. */
enum status ask_partitions(struct ask *ask, uint32_t *out, struct error *err) must_check;

/* The value of a name in a flat list: name value name value … . NULL when it is not there. */
const struct redis_reply *reply_member(const struct redis_reply *list, const char *name);
