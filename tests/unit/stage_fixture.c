/*
 * stage_fixture.c - opens and closes what most tests of services need
 */
#include "stage_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "loop_fixture.h"

static bool is_ready(void *self)
{
    return store_is_ready(self);
}

static bool is_not_ready(void *self)
{
    return !store_is_ready(self);
}

void stage_open(struct stage *stage, const char *server_options, uint32_t partitions)
{
    *stage = (struct stage){0};
    log_set_fd(-1);
    redis_fixture_start(&stage->server, server_options);
    stage->loop = loop_new();
    struct store_options options = {.address = redis_fixture_address(&stage->server),
                                    .client_name = "test",
                                    .partitions = partitions,
                                    .durability = DURABILITY_RELAXED};
    stage->store = store_new(stage->loop, &options);
    stage->redis = store_redis(stage->store);
    stage_await_up(stage);
}

void stage_free_store(struct stage *stage)
{
    store_free(&stage->store);
    stage->redis = NULL;
}

void stage_close(struct stage *stage)
{
    store_free(&stage->store);
    loop_free(&stage->loop);
    redis_fixture_stop(&stage->server);
}

void stage_await_up(struct stage *stage)
{
    run_until(stage->loop, is_ready, stage->store);
}

void stage_await_down(struct stage *stage)
{
    run_until(stage->loop, is_not_ready, stage->store);
}

const char *stage_eval(const struct stage *stage, const char *script)
{
    return redis_fixture_ask(&stage->server, "EVAL %s 0", script);
}

long long stage_number(const struct stage *stage, const char *script)
{
    const char *text = stage_eval(stage, script);
    char *end;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0')
        fail_msg("not a number: %s", text);
    return number;
}

const char *stage_key(struct key key)
{
    static char text[KEY_MAX + 1];
    assert_int_equal(slice_to_text(key_slice(&key), text, sizeof text), STATUS_OK);
    return text;
}

long long stage_calls(const struct stage *stage, const char *command)
{
    char wanted[64];
    const char *stats = redis_fixture_ask(&stage->server, "INFO commandstats");
    snprintf(wanted, sizeof wanted, "cmdstat_%s:calls=", command);
    const char *at = strstr(stats, wanted);
    return at ? strtoll(at + strlen(wanted), NULL, 10) : 0;
}
