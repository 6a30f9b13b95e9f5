/*
 * aside.h - events whose organization's endpoints cannot be told, kept apart so that others go on
 *
 * What is wrong in the store with one organization (a list that is none) is for a person to repair
 * and may take long; meanwhile its events take nobody's place. They are asked for again every
 * retry_ms, at each change of the organization, and as soon as its endpoints are known. Events stay
 * their owner's, claimed and with their leases renewed.
 * Fails:  never; what comes past the bound is kept too. The owner asks aside_is_full and rests.
 * Warts:  each process that holds them and ends counts as one claim of them.
 */
#pragma once

#include "catalog.h"
#include "work.h"

struct aside_options {
    struct catalog *catalog;
    size_t events_max, bytes_max;
    int64_t retry_ms;
    void (*on_known)(struct work *work, void *self); /* it is back: its endpoints can be told */
    void *self;
};

struct aside;
struct aside *aside_new(struct loop *loop, const struct aside_options *options);
void aside_free(struct aside **aside); /* before the catalog */

void aside_add(struct aside *aside, struct work *work, enum status why);

/* Asks again; the empty organization: for all. */
void aside_retry(struct aside *aside, struct slice org);

/* Hands one back, whatever is known; NULL when there is none. */
struct work *aside_take(struct aside *aside);

size_t aside_count(const struct aside *aside);
size_t aside_bytes(const struct aside *aside);
bool aside_is_full(const struct aside *aside);
