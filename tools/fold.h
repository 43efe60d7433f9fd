/* tools: the dominator tree folded by type: rows that a person can read. */
#ifndef TOOLS_FOLD_H
#define TOOLS_FOLD_H

#include "session.h"

/** Objects of one type whose dominators are in one row: a row of the folded tree. An object that
 * retains much keeps a row of its own. */
typedef struct fold_row {
    uint32_t parent; /* row above, UINT32_MAX at the top */
    uint32_t depth;
    uint32_t type;
    hgr_node single;  /* the object of a row of its own, or HGR_NO_NODE */
    hgr_node example; /* the first of them in dominator order */
    uint64_t count, bytes, retained_bytes;
} fold_row;

typedef struct tool_fold {
    fold_row *rows; /* parents before children */
    size_t count, capacity;
} tool_fold;

/**
 * Fold the subtree of `top` (a node, or n for all) down to max_depth levels; objects that retain at
 * least own_row_bytes are not folded.
 */
void fold_create(tool_fold *fold, const tool_session *session, hgr_node top, uint32_t max_depth,
                 uint64_t own_row_bytes);
void fold_free(tool_fold *fold);

/** Row numbers in depth-first order, children by descending retained bytes then type; caller frees.
 */
uint32_t *fold_order(const tool_fold *fold);

#endif
