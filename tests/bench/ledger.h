/*
 * ledger.h - which sequence numbers were seen, one bit each, repeats and strays apart
 *
 * Exact whatever the order: two ledgers say together what is missing and what came unasked.
 */
#pragma once

#include <stdint.h>

#include "base/bytes.h"

#define LEDGER_CAPACITY_MAX (1ull << 32)

struct ledger {
    uint64_t capacity; /* numbers are below it */
    uint64_t *words;
    uint64_t distinct; /* numbers seen */
    uint64_t repeats;  /* sightings of a number seen before */
    uint64_t strays;   /* sightings of numbers out of range */
};

void ledger_init(struct ledger *ledger, uint64_t capacity); /* 1 to LEDGER_CAPACITY_MAX */
void ledger_fini(struct ledger *ledger);
void ledger_clear(struct ledger *ledger);

/* True when this is the first sighting of a number in range. */
bool ledger_note(struct ledger *ledger, uint64_t number);
bool ledger_has(const struct ledger *ledger, uint64_t number);

/* The bits alone, number 0 the lowest bit of the first byte, up to the last byte that is not zero. */
enum status ledger_save(const struct ledger *ledger, const char *path) must_check;
