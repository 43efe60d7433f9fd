/* tools: the largest rows of many, without keeping the others. */
#ifndef TOOLS_PICK_H
#define TOOLS_PICK_H

#include <heapgraph/heapgraph.h>

typedef struct pick_row {
    uint64_t key;
    uint32_t id; /* node or other number: ties go to the smaller one */
} pick_row;

/** The `limit` rows of largest key. Initialise with pick_init, free with pick_fini. */
typedef struct tool_pick {
    pick_row *rows; /* after pick_sort: by descending key, then ascending id */
    size_t count, capacity;
    uint64_t limit;
    pick_row floor; /* the least row of the last cut: what is below cannot belong */
    bool has_floor;
} tool_pick;

void pick_init(tool_pick *pick, uint64_t limit);
void pick_add(tool_pick *pick, uint64_t key, uint32_t id);
void pick_sort(tool_pick *pick);
void pick_fini(tool_pick *pick);

#endif
