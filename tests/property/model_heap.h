/* A model of a heap with a collector: objects live, die, change and are slid together; every object
 * has an id that no hash sees. Two states of one heap are two dumps whose right pairs are known. */
#ifndef HGR_TESTS_MODEL_HEAP_H
#define HGR_TESTS_MODEL_HEAP_H

#include <heapgraph/match.h>

#define MODEL_SLOTS 4 /* of an object that is no array */

enum model_type {
    MODEL_STRING,
    MODEL_ITEM,
    MODEL_NODE,
    MODEL_ENTRY,
    MODEL_ARRAY,
    MODEL_TREE,
    MODEL_TYPES
};

struct model_object {
    uint64_t id;
    uint64_t addr;
    uint64_t content;
    uint32_t type, bytes;
    uint32_t nslots;
    uint64_t *slots; /* ids, 0 = null; owned */
};

/** Objects ascending by address. */
struct model_heap {
    struct model_object *objects;
    size_t count, capacity;
    uint64_t next_id, next_addr;
    uint64_t random; /* state */
};

enum model_collection { MODEL_SWEEP, MODEL_COMPACT };

struct model_step {
    uint32_t churn_percent;  /* of the items and their holders die; as many are made anew */
    uint32_t change_percent; /* of the survivors' content changes */
    uint32_t leak;           /* more items that stay */
    enum model_collection collection;
    bool refill; /* sweep: new objects go into holes of their size */
};

/** Items, strings, lists, dictionaries and trees, about `objects` in all. */
void model_heap_make(uint64_t seed, size_t objects, struct model_heap *out);
void model_heap_step(struct model_heap *heap, const struct model_step *step);
/** Put new items into empty slots of arrays; how many arrays got some. */
size_t model_heap_fill(struct model_heap *heap);
void model_heap_copy(const struct model_heap *from, struct model_heap *out);
void model_heap_free(struct model_heap *heap);

/** A state as the matcher reads it. */
struct model_view {
    const struct model_heap *heap;
    hgr_graph *graph;
    uint32_t *row, *place; /* slot number of each reference */
    hgr_match_view view;
};

/** false: the library refused. */
bool model_view_create(const struct model_heap *heap, const hgr_run *run, struct model_view *out);
void model_view_free(struct model_view *view);

#endif
