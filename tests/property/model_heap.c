/* A model of a heap with a collector. Everything is found by id through a plain table; nothing is
 * shared with the matcher. */
#include "model_heap.h"

#include <stdlib.h>
#include <string.h>

static uint64_t next_random(struct model_heap *heap)
{
    uint64_t z = heap->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(struct model_heap *heap, uint32_t limit)
{
    return limit ? (uint32_t)(next_random(heap) >> 33) % limit : 0;
}

/* ---- allocation ---- */

static struct model_object *allocate(struct model_heap *heap, uint32_t type, uint64_t content,
                                     uint32_t nslots)
{
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity ? heap->capacity * 2 : 1024;
        heap->objects = realloc(heap->objects, heap->capacity * sizeof *heap->objects);
    }
    struct model_object *object = &heap->objects[heap->count++];
    uint32_t bytes = type == MODEL_STRING ? 24 + 8 * (uint32_t)(content % 4) : 24 + 8 * nslots;
    *object = (struct model_object){.id = ++heap->next_id,
                                    .addr = heap->next_addr,
                                    .content = content,
                                    .type = type,
                                    .bytes = bytes,
                                    .nslots = nslots};
    object->slots = calloc(nslots + 1, sizeof *object->slots);
    heap->next_addr += bytes;
    return object;
}

/* Texts repeat: 1,000 different ones. */
static uint64_t make_string(struct model_heap *heap)
{
    return allocate(heap, MODEL_STRING, below(heap, 1000), 0)->id;
}

/* An item: payload of few values, two strings of its own, or none. */
static uint64_t make_item(struct model_heap *heap)
{
    uint64_t first = make_string(heap), second = below(heap, 3) ? make_string(heap) : 0;
    struct model_object *item = allocate(heap, MODEL_ITEM, below(heap, 20), MODEL_SLOTS);
    item->slots[0] = first;
    item->slots[1] = second;
    return item->id;
}

static struct model_object *find(const struct model_heap *heap, uint64_t id, const uint32_t *index)
{
    return id && index[id] != UINT32_MAX ? &heap->objects[index[id]] : NULL;
}

static uint32_t *index_ids(const struct model_heap *heap)
{
    uint32_t *index = malloc((heap->next_id + 1) * sizeof *index);
    memset(index, 0xff, (heap->next_id + 1) * sizeof *index);
    for (size_t i = 0; i < heap->count; i++)
        index[heap->objects[i].id] = (uint32_t)i;
    return index;
}

/* ---- structures ---- */

/* An array of items; its slots have room for a fifth more. */
static void make_list(struct model_heap *heap, uint32_t length)
{
    uint64_t *ids = calloc(length + 1, sizeof *ids);
    for (uint32_t i = 0; i < length; i++)
        ids[i] = make_item(heap);
    struct model_object *array = allocate(heap, MODEL_ARRAY, 0, length + length / 5 + 1);
    memcpy(array->slots, ids, length * sizeof *ids);
    free(ids);
}

/* Nodes that know the next, the one before, their item and the list's first node. */
static void make_linked_list(struct model_heap *heap, uint32_t length)
{
    uint64_t first = 0, before = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint64_t item = make_item(heap);
        struct model_object *node = allocate(heap, MODEL_NODE, 0, MODEL_SLOTS);
        node->slots[1] = before;
        node->slots[2] = item;
        node->slots[3] = first;
        if (before)
            heap->objects[heap->count - 1].slots[1] = before;
        first = first ? first : node->id;
        before = node->id;
    }
    uint32_t *index = index_ids(heap);
    for (size_t i = 0; i < heap->count; i++)
        if (heap->objects[i].type == MODEL_NODE && heap->objects[i].slots[1])
            find(heap, heap->objects[i].slots[1], index)->slots[0] = heap->objects[i].id;
    free(index);
}

/* Boxes around items, in an array: what a dictionary of classes looks like. */
static void make_dictionary(struct model_heap *heap, uint32_t length)
{
    uint64_t *ids = calloc(length + 1, sizeof *ids);
    for (uint32_t i = 0; i < length; i++) {
        uint64_t key = make_string(heap), item = make_item(heap);
        struct model_object *entry = allocate(heap, MODEL_ENTRY, 7, MODEL_SLOTS);
        entry->slots[0] = key;
        entry->slots[1] = item;
        ids[i] = entry->id;
    }
    struct model_object *array = allocate(heap, MODEL_ARRAY, 1, length + 1);
    memcpy(array->slots, ids, length * sizeof *ids);
    free(ids);
}

static uint64_t make_tree(struct model_heap *heap, uint64_t parent, uint32_t depth)
{
    uint64_t item = depth % 2 ? make_item(heap) : 0;
    struct model_object *node = allocate(heap, MODEL_TREE, 3, MODEL_SLOTS);
    uint64_t id = node->id;
    size_t at = heap->count - 1;
    node->slots[0] = parent;
    node->slots[1] = item;
    for (uint32_t k = 2; depth > 0 && k < MODEL_SLOTS; k++) {
        uint64_t child = make_tree(heap, id, depth - 1);
        heap->objects[at].slots[k] = child;
    }
    return id;
}

void model_heap_make(uint64_t seed, size_t objects, struct model_heap *out)
{
    *out = (struct model_heap){.random = seed, .next_addr = 0x10000};
    while (out->count < objects) {
        uint32_t left = (uint32_t)(objects - out->count), some = 2 + below(out, 200);
        uint32_t length = some < left ? some : left;
        switch (below(out, 4)) {
        case 0:
            make_list(out, length);
            break;
        case 1:
            make_linked_list(out, length);
            break;
        case 2:
            make_dictionary(out, length);
            break;
        default:
            make_tree(out, 0, 2 + below(out, 5));
            break;
        }
    }
}

/* ---- the time between two dumps ---- */

static bool may_die(const struct model_object *object)
{
    return object->type == MODEL_ITEM || object->type == MODEL_ENTRY || object->type == MODEL_NODE;
}

/* A list's item lives as long as its node: nothing else tells one node from another. */
static bool *find_kept(const struct model_heap *heap, const uint32_t *index)
{
    bool *kept = calloc(heap->count + 1, sizeof *kept);
    for (size_t i = 0; i < heap->count; i++)
        if (heap->objects[i].type == MODEL_NODE)
            kept[index[heap->objects[i].slots[2]]] = true;
    return kept;
}

/* What a dead list node leaves behind: its neighbours know each other. */
static void unlink_node(struct model_heap *heap, const struct model_object *node,
                        const uint32_t *index)
{
    struct model_object *next = find(heap, node->slots[0], index);
    struct model_object *before = find(heap, node->slots[1], index);
    if (next)
        next->slots[1] = node->slots[1];
    if (before)
        before->slots[0] = node->slots[0];
}

/* Mark the dead; a dead item or entry is replaced in its holders' slots by a new one, or by
 * nothing. */
static void churn(struct model_heap *heap, uint32_t percent, bool *dead)
{
    size_t count = heap->count;
    uint32_t *index = index_ids(heap);
    uint64_t *heir = calloc(heap->next_id + 1, sizeof *heir);
    bool *kept = find_kept(heap, index);
    uint64_t old_ids = heap->next_id;
    for (size_t i = 0; i < count; i++) {
        struct model_object *object = &heap->objects[i];
        if (!may_die(object) || kept[i] || below(heap, 100) >= percent)
            continue;
        dead[i] = true;
        if (object->type == MODEL_NODE) {
            dead[index[object->slots[2]]] = true;
            unlink_node(heap, object, index);
            continue;
        }
        uint64_t key = object->type == MODEL_ENTRY ? make_string(heap) : 0;
        uint64_t fresh = below(heap, 4) ? make_item(heap) : 0; /* else: the slot stays empty */
        if (fresh && heap->objects[i].type == MODEL_ENTRY) {
            struct model_object *entry = allocate(heap, MODEL_ENTRY, 7, MODEL_SLOTS);
            entry->slots[0] = key;
            entry->slots[1] = fresh;
            fresh = entry->id;
        }
        heir[heap->objects[i].id] = fresh;
    }
    for (size_t i = 0; i < heap->count; i++)
        for (uint32_t s = 0; s < heap->objects[i].nslots; s++) {
            uint64_t to = heap->objects[i].slots[s];
            if (to && to <= old_ids && index[to] != UINT32_MAX && dead[index[to]])
                heap->objects[i].slots[s] = heir[to];
        }
    free(kept);
    free(heir);
    free(index);
}

/* Strings that nobody holds any more are dead too. */
static void bury_strings(const struct model_heap *heap, size_t old_count, bool *dead)
{
    uint32_t *index = index_ids(heap);
    bool *held = calloc(heap->count + 1, sizeof *held);
    for (size_t i = 0; i < heap->count; i++)
        for (uint32_t s = 0; s < heap->objects[i].nslots; s++)
            if (!(i < old_count && dead[i]) && heap->objects[i].slots[s])
                held[index[heap->objects[i].slots[s]]] = true;
    for (size_t i = 0; i < old_count; i++)
        if (heap->objects[i].type <= MODEL_ITEM && !held[i])
            dead[i] = true;
    free(held);
    free(index);
}

static int by_address(const void *left, const void *right)
{
    const struct model_object *a = left, *b = right;
    return (a->addr > b->addr) - (a->addr < b->addr);
}

/* Put new objects into holes of exactly their size: any new object into any hole. */
static void refill(struct model_heap *heap, size_t old_count, const bool *dead)
{
    uint32_t fresh = (uint32_t)(heap->count - old_count);
    for (size_t i = 0; fresh > 0 && i < old_count; i++) {
        if (!dead[i] || below(heap, 2))
            continue;
        for (uint32_t tries = 0; tries < 8; tries++) {
            struct model_object *guest = &heap->objects[old_count + below(heap, fresh)];
            if (guest->bytes != heap->objects[i].bytes ||
                guest->addr < heap->objects[old_count - 1].addr)
                continue; /* wrong size, or in a hole already */
            guest->addr = heap->objects[i].addr;
            break;
        }
    }
}

static void collect(struct model_heap *heap, size_t old_count, const bool *dead,
                    const struct model_step *step)
{
    if (step->collection == MODEL_SWEEP && step->refill)
        refill(heap, old_count, dead);
    size_t to = 0;
    for (size_t i = 0; i < heap->count; i++) {
        if (i < old_count && dead[i])
            free(heap->objects[i].slots);
        else
            heap->objects[to++] = heap->objects[i];
    }
    heap->count = to;
    qsort(heap->objects, heap->count, sizeof *heap->objects, by_address);
    uint64_t addr = 0x10000 + 64;
    for (size_t i = 0; step->collection == MODEL_COMPACT && i < heap->count; i++) {
        heap->objects[i].addr = addr;
        addr += heap->objects[i].bytes;
    }
    if (step->collection == MODEL_COMPACT)
        heap->next_addr = addr;
}

void model_heap_step(struct model_heap *heap, const struct model_step *step)
{
    size_t count = heap->count;
    bool *dead = calloc(count + 1, sizeof *dead);
    churn(heap, step->churn_percent, dead);
    bury_strings(heap, count, dead);
    for (size_t i = 0; i < count; i++)
        if (heap->objects[i].type != MODEL_STRING && below(heap, 100) < step->change_percent)
            heap->objects[i].content += 1000;
    if (step->leak)
        make_list(heap, step->leak);
    collect(heap, count, dead, step);
    free(dead);
}

size_t model_heap_fill(struct model_heap *heap)
{
    size_t count = heap->count, arrays = 0;
    for (size_t i = 0; i < count; i++) {
        bool any = false;
        for (uint32_t s = 0; heap->objects[i].type == MODEL_ARRAY && s < heap->objects[i].nslots;
             s++) {
            if (heap->objects[i].slots[s] || below(heap, 2))
                continue;
            uint64_t item = make_item(heap); /* moves objects */
            heap->objects[i].slots[s] = item;
            any = true;
        }
        arrays += any;
    }
    return arrays;
}

void model_heap_copy(const struct model_heap *from, struct model_heap *out)
{
    *out = *from;
    out->capacity = from->count;
    out->objects = malloc((from->count + 1) * sizeof *out->objects);
    for (size_t i = 0; i < from->count; i++) {
        out->objects[i] = from->objects[i];
        size_t bytes = (from->objects[i].nslots + 1) * sizeof(uint64_t);
        out->objects[i].slots = malloc(bytes);
        memcpy(out->objects[i].slots, from->objects[i].slots, bytes);
    }
}

void model_heap_free(struct model_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++)
        free(heap->objects[i].slots);
    free(heap->objects);
    *heap = (struct model_heap){0};
}

/* ---- as the matcher reads it ---- */

static const struct model_object *object_of(const void *user, hgr_node u)
{
    return &((const struct model_view *)user)->heap->objects[u];
}

static uint32_t type_of(const void *user, hgr_node u)
{
    return object_of(user, u)->type;
}

static uint64_t type_identity(const void *user, uint32_t type)
{
    (void)user;
    return (type + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t bytes_of(const void *user, hgr_node u)
{
    return object_of(user, u)->bytes;
}

static void addresses(const void *user, hgr_node first, hgr_node end, uint64_t *out)
{
    for (hgr_node u = first; u < end; u++)
        *out++ = object_of(user, u)->addr;
}

static void contents(const void *user, hgr_node first, hgr_node end, uint64_t *out)
{
    for (hgr_node u = first; u < end; u++)
        *out++ = object_of(user, u)->content * UINT64_C(0xd6e8feb86659fd93);
}

static uint32_t words(const void *user, hgr_node u, uint32_t *out, uint32_t max)
{
    if (max > 0)
        out[0] = (uint32_t)object_of(user, u)->content + 1;
    return max > 0;
}

static hgr_node node_at(const void *user, uint64_t addr)
{
    const struct model_heap *heap = ((const struct model_view *)user)->heap;
    size_t low = 0, high = heap->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (heap->objects[mid].addr < addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low < heap->count && heap->objects[low].addr == addr ? (hgr_node)low : HGR_NO_NODE;
}

static void list_slots(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user)
{
    const struct model_view *view = user;
    for (uint32_t e = view->row[u]; e < view->row[u + 1]; e++)
        visit(visit_user, e - view->row[u], view->place[e]);
}

static bool is_text(const void *user, uint32_t type)
{
    (void)user;
    return type == MODEL_STRING;
}

static uint64_t length_of(const void *user, hgr_node u)
{
    return object_of(user, u)->type == MODEL_ARRAY ? object_of(user, u)->nslots : 0;
}

bool model_view_create(const struct model_heap *heap, const hgr_run *run, struct model_view *out)
{
    size_t slots = 0;
    uint32_t *index = index_ids(heap), m = 0;
    for (size_t i = 0; i < heap->count; i++)
        slots += heap->objects[i].nslots;
    *out = (struct model_view){.heap = heap};
    out->row = calloc(heap->count + 1, sizeof *out->row);
    out->place = calloc(slots + 1, sizeof *out->place);
    hgr_node *col = calloc(slots + 1, sizeof *col);
    for (size_t i = 0; i < heap->count; i++) {
        for (uint32_t s = 0; s < heap->objects[i].nslots; s++) {
            if (!heap->objects[i].slots[s])
                continue;
            out->place[m] = s;
            col[m++] = index[heap->objects[i].slots[s]];
        }
        out->row[i + 1] = m;
    }
    bool good =
        hgr_graph_create((uint32_t)heap->count, out->row, col, run, &out->graph, NULL) == HGR_OK;
    out->view = (hgr_match_view){.user = out,
                                 .graph = out->graph,
                                 .type_of = type_of,
                                 .type_identity = type_identity,
                                 .bytes = bytes_of,
                                 .addresses = addresses,
                                 .node_at = node_at,
                                 .contents = contents,
                                 .words = words,
                                 .slots = list_slots,
                                 .is_text = is_text,
                                 .length = length_of};
    free(col);
    free(index);
    return good;
}

void model_view_free(struct model_view *view)
{
    hgr_graph_free(view->graph);
    free(view->place);
    free(view->row);
}
