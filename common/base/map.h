/*
 * map.h - a hash table from bytes to a pointer
 *
 * Keys are borrowed: they must live (usually inside the value) as long as they are in the map. Hashes are seeded per process, so
 * that keys chosen by users cannot collide on purpose. Grows by doubling; the caller bounds the number of entries.
 */
#pragma once

#include "bytes.h"

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t room; /* power of two, or 0 */
    size_t count;
};

void map_init(struct map *map);
void map_fini(struct map *map); /* values are the caller's */

void *map_get(const struct map *map, struct slice key); /* NULL when absent */

/* The key must not be in the map; value is not NULL. */
void map_add(struct map *map, struct slice key, void *value);
void *map_remove(struct map *map, struct slice key); /* the value, or NULL */

/* Seeded: another in each process. */
uint64_t map_hash(struct slice key);

/* Any order. *cursor starts at 0; NULL at the end. The map must not change meanwhile. */
void *map_next(const struct map *map, size_t *cursor);
