/*
 * backlog_test.c - how much is before a group, in each state a stream may be in
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "io/backlog.h"
#include "loop_fixture.h"
#include "stage_fixture.h"

struct answer {
    int count;
    enum status status;
    struct backlog backlog;
};

static void on_backlog(enum status status, const struct backlog *backlog, void *self)
{
    struct answer *answer = self;
    answer->count++;
    answer->status = status;
    answer->backlog = *backlog;
}

static struct backlog measure(struct stage *stage)
{
    struct answer answer = {0};
    backlog_measure(stage->redis, "s", "g", on_backlog, &answer);
    assert_int_equal(answer.count, 0);
    run_until_count(stage->loop, &answer.count, 1);
    assert_int_equal(answer.status, STATUS_OK);
    return answer.backlog;
}

/* Entries of an age in seconds. */
static void add(struct stage *stage, int age_s)
{
    char id[32];
    snprintf(id, sizeof id, "%lld-*", (long long)clock_wall_ms() - age_s * 1000LL);
    redis_fixture_ask(&stage->server, "XADD s %s n 1", id);
}

static void assert_backlog(struct stage *stage, uint64_t count, int age_s)
{
    struct backlog backlog = measure(stage);
    assert_int_equal(backlog.count, count);
    if (age_s == 0)
        assert_int_equal(backlog.age_ms, 0);
    else
        assert_in_range(backlog.age_ms, age_s * 1000LL, age_s * 1000LL + 5000);
}

static void counts_in_each_state(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    const struct redis_fixture *server = &stage.server;
    assert_backlog(&stage, 0, 0); /* no stream */
    add(&stage, 900);
    assert_backlog(&stage, 0, 0); /* no group */
    redis_fixture_ask(server, "XGROUP CREATE s another $");
    assert_backlog(&stage, 0, 0);
    redis_fixture_ask(server, "XGROUP CREATE s g 0");
    add(&stage, 800);
    add(&stage, 700);
    assert_backlog(&stage, 3, 900); /* unread */
    redis_fixture_ask(server, "XREADGROUP GROUP g a COUNT 2 STREAMS s >");
    assert_backlog(&stage, 3, 900); /* two of them pending */
    stage_eval(&stage, "local e = redis.call('XRANGE', 's', '-', '+')"
                       " return redis.call('XACK', 's', 'g', e[1][1])");
    assert_backlog(&stage, 2, 800); /* one pending, one unread */
    redis_fixture_ask(server, "XREADGROUP GROUP g a STREAMS s >");
    stage_eval(&stage, "local e = redis.call('XRANGE', 's', '-', '+')"
                       " return redis.call('XACK', 's', 'g', e[2][1])");
    assert_backlog(&stage, 1, 700); /* one pending */
    stage_eval(&stage, "local e = redis.call('XRANGE', 's', '-', '+')"
                       " return redis.call('XACK', 's', 'g', e[3][1])");
    assert_backlog(&stage, 0, 0);
    stage_close(&stage);
}

static void says_one_when_redis_cannot_count(void **state)
{
    struct stage stage;
    (void)state;
    stage_open(&stage, "", 1);
    redis_fixture_ask(&stage.server, "XGROUP CREATE s g 0 MKSTREAM");
    add(&stage, 900);
    add(&stage, 800);
    add(&stage, 700);
    stage_eval(&stage,
               "redis.call('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 1, 'STREAMS', 's', '>')"
               " local e = redis.call('XRANGE', 's', '-', '+')"
               " redis.call('XACK', 's', 'g', e[1][1])"
               " return redis.call('XDEL', 's', e[2][1])");
    assert_string_equal(
        stage_eval(&stage, "return tostring(redis.call('XINFO', 'GROUPS', 's')[1][12])"), "false");
    assert_backlog(&stage, 1, 700);
    stage_eval(&stage, "local e = redis.call('XRANGE', 's', '-', '+')"
                       " return redis.call('XDEL', 's', e[2][1])");
    assert_backlog(&stage, 0, 0);
    stage_close(&stage);
}

static void tells_how_it_failed(void **state)
{
    struct stage stage;
    struct answer answer = {0};
    (void)state;
    stage_open(&stage, "", 1);
    redis_fixture_ask(&stage.server, "SET s text");
    backlog_measure(stage.redis, "s", "g", on_backlog, &answer);
    run_until_count(stage.loop, &answer.count, 1);
    assert_int_equal(answer.status, STATUS_FAILED);
    redis_fixture_kill(&stage.server);
    stage_await_down(&stage);
    backlog_measure(stage.redis, "s", "g", on_backlog, &answer);
    assert_int_equal(answer.count, 1);
    run_until_count(stage.loop, &answer.count, 2);
    assert_int_equal(answer.status, STATUS_DOWN);
    backlog_measure(stage.redis, "s", "g", on_backlog, &answer);
    stage_free_store(&stage);
    assert_int_equal(answer.count, 3);
    assert_int_equal(answer.status, STATUS_CANCELLED);
    assert_int_equal(answer.backlog.count, 0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_in_each_state),
        cmocka_unit_test(says_one_when_redis_cannot_count),
        cmocka_unit_test(tells_how_it_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
