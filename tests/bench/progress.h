/*
 * progress.h - counters that one process writes and others read while it runs, in a file mapped by all
 *
 * Eight little-endian 64-bit words in this order; a reader sees each one whole, not all of one moment.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/status.h"

struct progress {
    _Atomic uint64_t events;   /* generator: sent; receiver: requests */
    _Atomic uint64_t distinct; /* generator: accepted; receiver: different ones */
    _Atomic uint64_t repeats;
    _Atomic uint64_t strays;
    _Atomic uint64_t in_flight; /* asked and not answered */
    _Atomic uint64_t connections;
    _Atomic uint64_t port;
    _Atomic uint64_t reports; /* written so far */
};

/* Makes the file when it is not there. Mapped for good; path NULL gives counters that nobody else sees. */
struct progress *progress_map(const char *path);

static inline void progress_set(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static inline uint64_t progress_get(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}
