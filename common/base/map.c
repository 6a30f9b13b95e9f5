/*
 * map.c - open addressing with linear probing; removal shifts entries back, so there are no tombstones
 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "random.h"

struct map_slot {
    uint64_t hash;
    struct slice key;
    void *value; /* NULL: empty */
};

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    return hash ^ (hash >> 29);
}

uint64_t map_hash(struct slice key)
{
    static uint64_t seed;
    if (seed == 0)
        seed = random_u64() | 1;
    uint64_t hash = mix(seed, key.len);
    size_t i = 0;
    for (; i + 8 <= key.len; i += 8) {
        uint64_t word;
        memcpy(&word, key.at + i, 8);
        hash = mix(hash, word);
    }
    uint64_t tail = 0;
    if (i < key.len)
        memcpy(&tail, key.at + i, key.len - i);
    return mix(mix(hash, tail), seed);
}

void map_init(struct map *map)
{
    *map = (struct map){0};
}

void map_fini(struct map *map)
{
    free(map->slots);
    map_init(map);
}

/* The slot that holds the key, or the empty one where it would go. */
static size_t find(const struct map *map, uint64_t hash, struct slice key)
{
    size_t at = hash & (map->room - 1);
    while (map->slots[at].value) {
        if (map->slots[at].hash == hash && slice_eq(map->slots[at].key, key))
            return at;
        at = (at + 1) & (map->room - 1);
    }
    return at;
}

static void grow(struct map *map)
{
    struct map old = *map;
    map->room = old.room ? old.room * 2 : 16;
    map->slots = xcalloc(map->room, sizeof *map->slots);
    for (size_t i = 0; i < old.room; i++)
        if (old.slots[i].value)
            map->slots[find(map, old.slots[i].hash, old.slots[i].key)] = old.slots[i];
    free(old.slots);
}

void *map_get(const struct map *map, struct slice key)
{
    if (map->count == 0)
        return NULL;
    return map->slots[find(map, map_hash(key), key)].value;
}

void map_add(struct map *map, struct slice key, void *value)
{
    must(value);
    if ((map->count + 1) * 4 > map->room * 3)
        grow(map);
    uint64_t hash = map_hash(key);
    size_t at = find(map, hash, key);
    must(!map->slots[at].value);
    map->slots[at] = (struct map_slot){.hash = hash, .key = key, .value = value};
    map->count++;
}

/* Entries after a hole move back when their own place is at or before it, so that probing never stops short. */
static void close_hole(struct map *map, size_t hole)
{
    size_t mask = map->room - 1;
    for (size_t at = (hole + 1) & mask; map->slots[at].value; at = (at + 1) & mask) {
        size_t home = map->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct map_slot){0};
}

void *map_remove(struct map *map, struct slice key)
{
    if (map->count == 0)
        return NULL;
    size_t at = find(map, map_hash(key), key);
    void *value = map->slots[at].value;
    if (value) {
        map->count--;
        close_hole(map, at);
    }
    return value;
}

void *map_next(const struct map *map, size_t *cursor)
{
    while (*cursor < map->room) {
        void *value = map->slots[(*cursor)++].value;
        if (value)
            return value;
    }
    return NULL;
}
