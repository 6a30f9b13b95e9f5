/*
 * loop_fixture.h - runs a loop in a test until a condition holds
 */
#pragma once

#include "io/loop.h"

typedef bool (*condition_fn)(void *self);

/* Fails the test when the condition does not hold within 20 s. */
void run_until(struct loop *loop, condition_fn condition, void *self);

/* The same for a number that callbacks count up to `wanted`. */
void run_until_count(struct loop *loop, const int *count, int wanted);

/* All that is ready now, and the later-work of it. */
void run_turns(struct loop *loop, int turns);
