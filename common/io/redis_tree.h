/*
 * redis_tree.h - for redis_link.c: one answer, built from the pieces that hiredis's reader finds
 *
 * An answer is made of few blocks and not of two per string: the nodes of a list stand side by side, and texts are copied behind them.
 * All of it goes at once with redis_tree_clear, which keeps one block of at most 256 KiB for the next answer.
 * Fails:  a list nested deeper than 16 and an answer of more than 256 MiB end in the reader's error REDIS_ERR_OOM.
 */
#pragma once

#include <hiredis/read.h>

#include "redis_reply.h"

struct redis_tree_block;

/* All zeroes is the empty one. */
struct redis_tree {
    struct redis_tree_block *newest;
    size_t size; /* of all blocks */
    struct redis_reply root;
};

/* What the reader returns from now on is a struct redis_reply *, borrowed until redis_tree_clear. The tree must outlive the reader's
 * use, and stay where it is. */
void redis_tree_serve(struct redis_tree *tree, redisReader *reader);

/* Between answers only: a reader that is in the midst of one still writes into it. */
void redis_tree_clear(struct redis_tree *tree);
void redis_tree_fini(struct redis_tree *tree);
