/*
 * pace.h - how far apart an organization's events are, as one processor sees them
 *
 * By it a mark in the histories of its endpoints (lua/lib/mark.lua) is about as wide as takes 256
 * events: a history then has few members, and few events are looked through for one of them. Any
 * width is right; one too narrow costs a member, one too wide costs who looks through it.
 * Organizations share 16,384 places by a hash of their ids: two at one place get narrower marks.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

struct pace;
struct pace *pace_new(void);
void pace_free(struct pace **pace);

/* How many characters the mark of its next event has, which was accepted at that ms: 11, 12 or 13,
 * for 32,768, 1,024 or 32 ms, by the smaller of its last two gaps. */
size_t pace_mark_chars(struct pace *pace, struct slice org, uint64_t ms);
