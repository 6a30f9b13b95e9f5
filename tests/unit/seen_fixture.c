/*
 * seen_fixture.c - counts what a connection tells
 */
#include "seen_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "loop_fixture.h"

struct loop *loop;

int seen_setup(void **state)
{
    (void)state;
    log_set_fd(-1);
    loop = loop_new();
    return 0;
}

int seen_teardown(void **state)
{
    (void)state;
    loop_free(&loop);
    return 0;
}

struct redis_options seen_options(struct redis_address address)
{
    struct redis_options options = {.address = address,
                                    .client_name = "test",
                                    .connect_timeout_ms = 2000,
                                    .reply_timeout_ms = 5000};
    return options;
}

void seen_answer(enum status status, const struct redis_reply *reply, void *self)
{
    struct seen *seen = self;
    struct slice text = redis_reply_text(reply);

    seen->answers++;
    seen->by_status[status]++;
    seen->is_in_order = seen->is_in_order && redis_reply_int(reply) == seen->last_int + 1;
    seen->last_int = redis_reply_int(reply);
    seen->last_kind = redis_error_kind(status, reply);
    snprintf(seen->last_text, sizeof seen->last_text, "%.*s", (int)text.len, text.at);
    if (seen->frees)
        redis_free(&seen->redis);
    else if (seen->sends)
        redis_sendf(seen->redis, seen_answer, seen, "PING");
}

static void on_state(bool up, void *self)
{
    struct seen *seen = self;

    *(up ? &seen->ups : &seen->downs) += 1;
    if (seen->frees)
        redis_free(&seen->redis);
}

void seen_connect(struct seen *seen, const struct redis_options *options)
{
    *seen = (struct seen){.redis = redis_new(loop, options), .is_in_order = true};
    redis_listen(seen->redis, on_state, seen);
}

void seen_connect_up(struct seen *seen, const struct redis_options *options)
{
    seen_connect(seen, options);
    run_until_count(loop, &seen->ups, 1);
    assert_true(redis_is_up(seen->redis));
    assert_string_equal(redis_last_error(seen->redis), "");
}

static bool has_tried(void *self)
{
    return strcmp(redis_last_error(self), "not connected yet") != 0;
}

void seen_wait_for_failure(struct seen *seen)
{
    run_until(loop, has_tried, seen->redis);
}
