/*
 * redis_fixture.h - a redis-server of a test's own, on a free port and in a directory that goes away
 *
 * It dies with the test program, however that ends. Every function fails the test when it cannot do its work.
 */
#pragma once

#include <sys/types.h>

#include "io/redis.h"

struct redis_fixture {
    pid_t pid; /* 0: not running */
    int port;
    char directory[96];
};

/* options: more arguments of redis-server, words without spaces in them ("--appendonly yes"). Returns when it answers. */
void redis_fixture_start(struct redis_fixture *fixture, const char *options);
void redis_fixture_restart(struct redis_fixture *fixture,
                           const char *options);        /* same port and data */
void redis_fixture_kill(struct redis_fixture *fixture); /* as kill -9 */
void redis_fixture_pause(struct redis_fixture *fixture);
void redis_fixture_resume(struct redis_fixture *fixture);
void redis_fixture_stop(struct redis_fixture *fixture);

struct redis_address redis_fixture_address(const struct redis_fixture *fixture);

/* A command over a connection of its own; the answer as text (numbers in decimal, lists by their length), valid until the next call. */
const char *redis_fixture_ask(const struct redis_fixture *fixture, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
