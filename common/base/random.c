/*
 * random.c - see random.h
 *
 * A system call per 64-bit number would cost more than the rest of many callers, so bytes are drawn by the half page.
 * Bytes that were handed out are wiped, and a child forgets what it inherited: no two processes get the same bytes.
 */
#include "random.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "must.h"

static struct {
    uint8_t bytes[2048];
    size_t left; /* unused, at the end of bytes */
    bool is_watching_forks;
} pool;

static void forget(void)
{
    explicit_bzero(pool.bytes, sizeof pool.bytes);
    pool.left = 0;
}

static void draw(uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            fprintf(stderr, "no random bytes from the kernel: %s\n", strerror(errno));
            abort();
        }
        out += got;
        len -= (size_t)got;
    }
}

static void refill(void)
{
    if (!pool.is_watching_forks) {
        must(pthread_atfork(NULL, NULL, forget) == 0);
        pool.is_watching_forks = true;
    }
    draw(pool.bytes, sizeof pool.bytes);
    pool.left = sizeof pool.bytes;
}

void random_bytes(void *out, size_t len)
{
    if (len > sizeof pool.bytes) {
        draw(out, len);
        return;
    }
    if (len > pool.left) {
        refill();
    }
    uint8_t *from = pool.bytes + (sizeof pool.bytes - pool.left);
    if (len > 0) {
        memcpy(out, from, len);
        explicit_bzero(from, len);
        pool.left -= len;
    }
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof value);
    return value;
}

uint64_t random_below(uint64_t bound)
{
    must(bound > 0);
    /* The lowest 2^64 mod bound values are refused, so that each remainder has the same number of values. */
    uint64_t refused = (0 - bound) % bound;
    uint64_t value;
    do {
        value = random_u64();
    } while (value < refused);
    return value % bound;
}
