/*
 * random.h - random bytes of the kernel, buffered
 *
 * Good for keys and secrets. A fork gets fresh bytes. Fails: never returns without bytes (the process ends).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *out, size_t len);
uint64_t random_u64(void);

/* Uniform in [0, bound); bound > 0. */
uint64_t random_below(uint64_t bound);
