/*
 * strays.h - now and then, deliveries that Redis lost sight of are looked for: see lua/strays.lua
 *
 * One per partition. A look costs one call, more only while there are some.
 * Fails:  never; a call that fails is made again when its time comes.
 */
#pragma once

#include "io/loop.h"
#include "io/redis.h"

struct strays;
struct strays *strays_new(struct loop *loop, struct redis *redis, uint32_t partition,
                          int64_t every_ms); /* between looks */
void strays_free(struct strays **strays);    /* after the connection */
void strays_start(struct strays *strays);
void strays_stop(struct strays *strays);
