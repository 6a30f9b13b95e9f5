/*
 * fake_redis_fixture.h - something that speaks Redis's protocol and gives the answers a test wants
 */
#pragma once

#include <sys/types.h>

#include "io/redis.h"

/* The first row whose command begins the words sent (in upper case, with spaces between) gives
 * the answer, in wire form; no row: +OK. "" says nothing, "close" ends the connection, "once …"
 * is given once on each connection, and then the row is passed over. */
struct fake_answer {
    const char *command; /* NULL ends the table */
    const char *answer;
};

struct fake_redis {
    pid_t pid;
    int port;
};

void fake_redis_start(struct fake_redis *fake, const struct fake_answer *answers);
void fake_redis_stop(struct fake_redis *fake);
struct redis_address fake_redis_address(const struct fake_redis *fake);
