/* inspect: collections whose items lie in nodes that refer to each other: lists, trees, segments.
 */
#include "collections.h"

#define MAX_TREE_DEPTH 128u /* a balanced tree of 2^32 nodes is 64 deep at most */
#define MAX_SEGMENTS   (1u << 20)
#define MAX_ITEMS      (1u << 28)

/* ---- linked lists ---- */

/* fields: first node, next, key (NULL: none), value. Lists may end with null or with the first node
 * again; a count, where there is one, ends them too. An immutable stack is its own first node. */
bool hgr_walk_linked(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_picked next = {.names = kind->fields[1]}, key = {.names = kind->fields[2]},
               value = {.names = kind->fields[3]};
    hgr_value node = *self, item_key, item_value;
    bool is_own_node =
        kind->fields[0] == kind->fields[1] || strcmp(kind->fields[0], kind->fields[1]) == 0;
    uint64_t count = hgr_collection_count(inspector, kind, self);
    if (!is_own_node && !hgr_pick_once(inspector, kind->fields[0], self, &node))
        return false;
    uint64_t first = node.bits, seen = 0;
    for (; node.bits != 0 && seen < count && !walk->ended; seen++) {
        hgr_value after;
        if (!hgr_step(walk) || !hgr_pick(inspector, &next, &node, &after) ||
            !hgr_pick(inspector, &value, &node, &item_value) ||
            (key.names && !hgr_pick(inspector, &key, &node, &item_key)))
            return false;
        if (is_own_node && after.bits == 0)
            return true; /* the empty stack at the end */
        hgr_give_item(walk, key.names ? &item_key : NULL, &item_value);
        if (after.bits == first) {
            seen++;
            break;
        }
        node = after;
    }
    return count == UINT64_MAX || seen == count || walk->ended;
}

/* fields: forwards, backwards (both immutable stacks), the rest of a stack, its item. */
bool hgr_walk_two_stacks(hgr_item_walk *walk, const hgr_collection_kind *kind,
                         const hgr_value *self)
{
    const hgr_collection_kind stack = {
        .what = "stack", .fields = {kind->fields[2], kind->fields[2], NULL, kind->fields[3]}};
    hgr_inspector *inspector = walk->inspector;
    hgr_value forwards, backwards, *items = NULL, rest;
    size_t count = 0, capacity = 0;
    if (!hgr_pick_once(inspector, kind->fields[0], self, &forwards) ||
        !hgr_pick_once(inspector, kind->fields[1], self, &backwards))
        return false;
    if (forwards.bits != 0 && !hgr_walk_linked(walk, &stack, &forwards))
        return false;
    bool good = true;
    while (good && backwards.bits != 0 &&
           hgr_pick_once(inspector, kind->fields[2], &backwards, &rest) && rest.bits != 0) {
        good = hgr_step(walk) &&
               hgr_grow(inspector->run, &items, &capacity, count + 1, MAX_ITEMS, sizeof *items,
                        "items", NULL) == HGR_OK &&
               hgr_pick_once(inspector, kind->fields[3], &backwards, &items[count]);
        count += good;
        backwards = rest;
    }
    while (good && count-- > 0 && hgr_give_item(walk, NULL, &items[count]))
        ;
    hgr_free(items);
    return good;
}

/* ---- trees ---- */

/* What to do with a node's content; false: damaged. */
typedef bool (*node_fn)(hgr_item_walk *walk, void *user, const hgr_value *node);

/* fields: root, left, right. In order; a node of an immutable tree without children is the empty
 * tree. */
static bool walk_in_order(hgr_item_walk *walk, const hgr_collection_kind *kind, hgr_value node,
                          node_fn give, void *user)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_picked left = {.names = kind->fields[1]}, right = {.names = kind->fields[2]};
    bool immutable = kind->fields[1][0] == '_';
    hgr_value stack[MAX_TREE_DEPTH];
    uint32_t depth = 0;
    while ((node.bits != 0 || depth > 0) && !walk->ended) {
        hgr_value child;
        while (node.bits != 0) {
            if (depth == MAX_TREE_DEPTH || !hgr_step(walk) ||
                !hgr_pick(inspector, &left, &node, &child))
                return false;
            if (immutable && child.bits == 0)
                break;
            stack[depth++] = node;
            node = child;
        }
        if (depth == 0)
            break;
        depth--;
        if (!give(walk, user, &stack[depth]) || !hgr_pick(inspector, &right, &stack[depth], &node))
            return false;
    }
    return true;
}

struct tree_item {
    hgr_picked item, key, pair_key, pair_value;
    bool has_keys;
};

/* The item of a SortedDictionary's node is a pair. */
static bool is_pair(const hgr_value *item)
{
    return item->element == HGR_IS_STRUCT &&
           strncmp(item->type_name, "System.Collections.Generic.KeyValuePair<", 40) == 0;
}

static bool give_pair(hgr_item_walk *walk, struct tree_item *tree, const hgr_value *item)
{
    hgr_value key, value;
    if (!tree->has_keys || !is_pair(item)) {
        hgr_give_item(walk, NULL, item);
        return true;
    }
    if (!hgr_pick(walk->inspector, &tree->pair_key, item, &key) ||
        !hgr_pick(walk->inspector, &tree->pair_value, item, &value))
        return false;
    hgr_give_item(walk, &key, &value);
    return true;
}

static bool give_node(hgr_item_walk *walk, void *user, const hgr_value *node)
{
    struct tree_item *tree = user;
    hgr_value item, key;
    if (!hgr_pick(walk->inspector, &tree->item, node, &item))
        return false;
    if (!tree->key.names)
        return give_pair(walk, tree, &item);
    if (!hgr_pick(walk->inspector, &tree->key, node, &key))
        return false;
    hgr_give_item(walk, &key, &item);
    return true;
}

/* fields: root, left, right, item, key of a map's node (NULL: the item may be a pair). */
bool hgr_walk_tree(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    struct tree_item tree = {{.names = kind->fields[3]},
                             {.names = kind->fields[4]},
                             {.names = "key"},
                             {.names = "value"},
                             walk->depth > 0 || kind->has_keys};
    hgr_value root;
    return hgr_pick_once(walk->inspector, kind->fields[0], self, &root) &&
           walk_in_order(walk, kind, root, give_node, &tree);
}

struct hash_tree {
    const hgr_collection_kind *kind;
    hgr_picked bucket, first, others;
    struct tree_item item;
};

static bool give_other(hgr_item_walk *walk, void *user, const hgr_value *node)
{
    struct hash_tree *tree = user;
    hgr_value item;
    return hgr_pick_once(walk->inspector, "_key|_value", node, &item) &&
           give_pair(walk, &tree->item, &item);
}

/* Items of the same hash code hang in a tree of their own. */
static bool give_bucket(hgr_item_walk *walk, void *user, const hgr_value *node)
{
    struct hash_tree *tree = user;
    hgr_value bucket, first, others;
    if (!hgr_pick(walk->inspector, &tree->bucket, node, &bucket) ||
        !hgr_pick(walk->inspector, &tree->first, &bucket, &first) ||
        !hgr_pick(walk->inspector, &tree->others, &bucket, &others))
        return false;
    return give_pair(walk, &tree->item, &first) &&
           (others.bits == 0 || walk->ended ||
            walk_in_order(walk, tree->kind, others, give_other, tree));
}

/* fields: root, left, right, bucket, its first item, its other items. */
bool hgr_walk_hash_tree(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    struct hash_tree tree = {kind,
                             {.names = kind->fields[3]},
                             {.names = kind->fields[4]},
                             {.names = kind->fields[5]},
                             {.pair_key = {.names = "key"},
                              .pair_value = {.names = "value"},
                              .has_keys = kind->has_keys}};
    hgr_value root;
    return hgr_pick_once(walk->inspector, kind->fields[0], self, &root) &&
           walk_in_order(walk, kind, root, give_bucket, &tree);
}

/* ---- segments of concurrent collections ---- */

/* Items from head up to tail of one segment of a ConcurrentQueue. */
static bool walk_segment(hgr_item_walk *walk, const hgr_collection_kind *kind,
                         const hgr_value *segment, hgr_picked *item)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_object slots;
    hgr_value ends, frozen;
    uint64_t head, tail;
    if (!hgr_pick_array(inspector, kind->fields[2], segment, &slots) || slots.length == 0 ||
        !hgr_pick_once(inspector, kind->fields[3], segment, &ends) ||
        !hgr_pick_count(inspector, "Head", &ends, &head) ||
        !hgr_pick_count(inspector, "Tail", &ends, &tail) ||
        !hgr_pick_once(inspector, kind->fields[5], segment, &frozen))
        return false;
    if (frozen.bits && tail >= 2 * slots.length)
        tail -= 2 * slots.length; /* that is how a segment is closed */
    if (tail < head || tail - head > slots.length)
        return tail < head; /* empty, or damaged */
    for (; head < tail && !walk->ended; head++) {
        hgr_value slot = hgr_array_element(inspector, &slots, head % slots.length), value;
        if (!hgr_pick(inspector, item, &slot, &value))
            return false;
        hgr_give_item(walk, NULL, &value);
    }
    return true;
}

/* fields: first segment, next, slots, their ends, the item of a slot, is it closed. */
bool hgr_walk_segments(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_value segment;
    hgr_picked item = {.names = kind->fields[4]};
    if (!hgr_pick_once(walk->inspector, kind->fields[0], self, &segment))
        return false;
    for (uint32_t i = 0; segment.bits != 0 && !walk->ended; i++)
        if (i == MAX_SEGMENTS || !walk_segment(walk, kind, &segment, &item) ||
            !hgr_pick_once(walk->inspector, kind->fields[1], &segment, &segment))
            return false;
    return true;
}

/* fields: first queue (one a thread), next, array, head, tail, mask. The last one in comes first.
 */
bool hgr_walk_bag(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_value queue;
    if (!hgr_pick_once(inspector, kind->fields[0], self, &queue))
        return false;
    for (uint32_t i = 0; queue.bits != 0 && !walk->ended; i++) {
        hgr_object array;
        hgr_value head, tail, mask;
        if (i == MAX_SEGMENTS || !hgr_pick_array(inspector, kind->fields[2], &queue, &array) ||
            !hgr_pick_once(inspector, kind->fields[3], &queue, &head) ||
            !hgr_pick_once(inspector, kind->fields[4], &queue, &tail) ||
            !hgr_pick_once(inspector, kind->fields[5], &queue, &mask))
            return false;
        uint64_t count = tail.bits - head.bits; /* both may have wrapped */
        if (count > array.length)
            return false;
        for (uint64_t k = tail.bits; count-- > 0 && !walk->ended;) {
            k--;
            hgr_value item = hgr_array_element(inspector, &array, k & mask.bits);
            hgr_give_item(walk, NULL, &item);
        }
        if (!hgr_pick_once(inspector, kind->fields[1], &queue, &queue))
            return false;
    }
    return true;
}
