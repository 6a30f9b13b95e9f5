/*
 * redis_link.h - one connection to Redis from its start to its end: bytes out, answers in
 *
 * What is written during a turn of the loop leaves in one write at the turn's end. hiredis stays in here and in redis_tree.c: its context
 * without blocking carries bytes and takes answers apart; who waits for which answer is the owner's matter.
 * Fails:  on_end, once, with the reason in words; nothing is called afterwards. A link is not used again.
 * Warts:  a host name is looked up by the C library, which keeps the loop waiting meanwhile. An address or a socket never does.
 */
#pragma once

#include "redis.h"

struct redis_link_owner {
    void (*on_open)(void *self);
    void (*on_reply)(const struct redis_reply *reply, void *self);
    void (*on_end)(const char *why, void *self);
    void *self;
};

struct redis_link;

/* silence_ms: the kernel gives up a peer that does not take bytes for so long. */
struct redis_link *redis_link_new(struct loop *loop, const struct redis_address *address,
                                  int64_t silence_ms, const struct redis_link_owner *owner);

/* Also from the owner's callbacks. */
void redis_link_free(struct redis_link **link);

/* Copies the bytes. */
void redis_link_write(struct redis_link *link, struct slice wire);
size_t redis_link_unsent(const struct redis_link *link);
