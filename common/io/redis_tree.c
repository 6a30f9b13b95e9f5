/*
 * redis_tree.c - one answer, built from the pieces that hiredis's reader finds
 *
 * Texts are copied, because the reader moves its buffer before it hands the answer out.
 */
#include "redis_tree.h"

#include <stdlib.h>
#include <string.h>

#include "../base/must.h"

#define BLOCK_MIN ((size_t)8 << 10)
#define BLOCK_MAX ((size_t)256 << 10) /* but for what alone is larger */
#define TREE_MAX ((size_t)256 << 20)
#define DEPTH_MAX 16
#define ALIGNMENT _Alignof(struct redis_reply)
#define VERBATIM_FORMAT 4 /* "txt:" in front of a verbatim string */

struct redis_tree_block {
    struct redis_tree_block *older;
    size_t used;
    size_t room;
    struct redis_reply at[];
};

static size_t block_size(const struct redis_tree_block *block)
{
    return sizeof *block + block->room;
}

/* NULL when the tree would grow past its bound. */
static struct redis_tree_block *add_block(struct redis_tree *tree, size_t size)
{
    size_t room = tree->newest != NULL ? tree->newest->room * 2 : BLOCK_MIN;
    struct redis_tree_block *block;

    room = room > BLOCK_MAX ? BLOCK_MAX : room;
    room = room < size ? size : room;
    if (room > TREE_MAX || tree->size > TREE_MAX - room)
        return NULL;
    block = xmalloc(sizeof *block + room);
    *block = (struct redis_tree_block){.older = tree->newest, .room = room};
    tree->newest = block;
    tree->size += block_size(block);
    return block;
}

static void *take(struct redis_tree *tree, size_t size)
{
    struct redis_tree_block *block = tree->newest;
    char *at;

    if (size > TREE_MAX)
        return NULL;
    size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (block == NULL || size > block->room - block->used) {
        block = add_block(tree, size);
        if (block == NULL)
            return NULL;
    }
    at = (char *)block->at + block->used;
    block->used += size;
    return at;
}

static struct redis_tree *tree_of(const redisReadTask *task)
{
    return task->privdata;
}

/* Where the piece belongs. The reader finishes a list before it goes on, so no place of an answer is left out. */
static struct redis_reply *place(const redisReadTask *task)
{
    const struct redis_reply *list;

    if (task->parent == NULL)
        return &tree_of(task)->root;
    list = task->parent->obj;
    must(task->idx >= 0 && (size_t)task->idx < list->list.count);
    return &list->list.at[task->idx];
}

static struct redis_reply *put_text(const redisReadTask *task, enum redis_type type, const char *at,
                                    size_t len)
{
    struct redis_reply *reply = place(task);
    char *copy = take(tree_of(task), len + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, at, len);
    copy[len] = '\0';
    *reply = (struct redis_reply){.type = type, .text = {.at = copy, .len = len}};
    return reply;
}

static void *create_text(const redisReadTask *task, char *at, size_t len)
{
    size_t skipped = task->type == REDIS_REPLY_VERB ? VERBATIM_FORMAT : 0;
    bool is_error = task->type == REDIS_REPLY_ERROR;

    must(len >= skipped);
    return put_text(task, is_error ? REDIS_ERROR : REDIS_TEXT, at + skipped, len - skipped);
}

static void *create_double(const redisReadTask *task, double value, char *at, size_t len)
{
    (void)value;
    return put_text(task, REDIS_TEXT, at, len);
}

/* The reader keeps a task per level: without a bound, a few megabytes of "*1" would be a gigabyte of them. */
static void *create_list(const redisReadTask *task, size_t count)
{
    struct redis_reply *reply = place(task);
    struct redis_reply *list = NULL;
    int depth = 0;

    for (const redisReadTask *at = task; at != NULL; at = at->parent)
        depth++;
    if (depth > DEPTH_MAX || count > TREE_MAX / sizeof *list)
        return NULL;
    if (count > 0) {
        list = take(tree_of(task), count * sizeof *list);
        if (list == NULL)
            return NULL;
    }
    *reply = (struct redis_reply){.type = REDIS_LIST, .list = {.at = list, .count = count}};
    return reply;
}

static void *create_int(const redisReadTask *task, long long value)
{
    struct redis_reply *reply = place(task);

    *reply = (struct redis_reply){.type = REDIS_INT, .number = value};
    return reply;
}

static void *create_bool(const redisReadTask *task, int value)
{
    return create_int(task, value != 0);
}

static void *create_nil(const redisReadTask *task)
{
    struct redis_reply *reply = place(task);

    *reply = (struct redis_reply){.type = REDIS_NIL};
    return reply;
}

/* Nothing is freed piece by piece: hiredis does without freeObject. */
static redisReplyObjectFunctions functions = {
    .createString = create_text,
    .createArray = create_list,
    .createInteger = create_int,
    .createDouble = create_double,
    .createNil = create_nil,
    .createBool = create_bool,
};

void redis_tree_serve(struct redis_tree *tree, redisReader *reader)
{
    reader->fn = &functions;
    reader->privdata = tree;
}

/* What a large answer needed is given back; what the usual one needs stays, in one piece. */
static struct redis_tree_block *take_kept(struct redis_tree *tree)
{
    struct redis_tree_block *kept = NULL;

    for (struct redis_tree_block *older, *block = tree->newest; block != NULL; block = older) {
        older = block->older;
        if (block->room > BLOCK_MAX || (kept != NULL && kept->room >= block->room)) {
            free(block);
        } else {
            free(kept);
            kept = block;
        }
    }
    return kept;
}

void redis_tree_clear(struct redis_tree *tree)
{
    struct redis_tree_block *kept = take_kept(tree);

    *tree = (struct redis_tree){.newest = kept};
    if (kept != NULL) {
        kept->older = NULL;
        kept->used = 0;
        tree->size = block_size(kept);
    }
}

void redis_tree_fini(struct redis_tree *tree)
{
    redis_tree_clear(tree);
    free(tree->newest);
    *tree = (struct redis_tree){0};
}
