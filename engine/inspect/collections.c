/* inspect: collections as what they mean: which kinds there are, and the visit of one.
 *
 * Input: a value. Output: its items. Method: the value's class or a base of it is a row of the
 * table below, whose function knows the shape and whose names say where the parts are. Nothing here
 * is an offset; a runtime that calls a field otherwise needs one more alternative. */
#include "collections.h"

#include "../base/status.h"

#define MAX_PARENTS  64u
#define MAX_WRAPPERS 8u /* a collection around a collection */

#define GENERIC "System.Collections.Generic."

static const hgr_collection_kind KINDS[] = {
    {GENERIC "List", "list", hgr_walk_list, false, {"_items|items"}, "_size", NULL, 0},
    {"System.Collections.ArrayList", "list", hgr_walk_list, false, {"_items"}, "_size", NULL, 0},
    {GENERIC "Dictionary",
     "map",
     hgr_walk_entries,
     true,
     {"_entries|entries", "key", "value", "next", "hashCode"},
     "_count|count",
     "_freeCount|freeCount",
     HGR_ENTRY_BY_EITHER},
    {GENERIC "OrderedDictionary",
     "map",
     hgr_walk_entries,
     true,
     {"_entries", "Key", "Value", "Next", "HashCode"},
     "_count",
     NULL,
     HGR_ENTRY_ALL},
    {GENERIC "HashSet",
     "set",
     hgr_walk_entries,
     false,
     {"_entries", NULL, "Value", "Next", "HashCode"},
     "_count",
     "_freeCount",
     HGR_ENTRY_BY_NEXT},
    {GENERIC "HashSet",
     "set",
     hgr_walk_entries,
     false,
     {"_slots|m_slots", NULL, "value", "next", "hashCode", "_lastIndex|m_lastIndex"},
     "_count|m_count",
     NULL,
     HGR_ENTRY_BY_HASH},
    {"System.Collections.Hashtable",
     "map",
     hgr_walk_buckets,
     true,
     {"_buckets|buckets", "key", "val"},
     "_count|count",
     NULL,
     0},
    {"System.Collections.Concurrent.ConcurrentDictionary",
     "map",
     hgr_walk_chains,
     true,
     {"_tables|m_tables", "_buckets|m_buckets", "_node", "_key|m_key", "_value|m_value",
      "_next|m_next"},
     NULL,
     NULL,
     0},
    {GENERIC "SortedDictionary", "map", hgr_walk_wrapped, true, {"_set"}, NULL, NULL, 0},
    {GENERIC "SortedSet",
     "set",
     hgr_walk_tree,
     false,
     {"_root|root", "Left", "Right", "Item"},
     "_count|count",
     NULL,
     0},
    {GENERIC "SortedList",
     "map",
     hgr_walk_parallel,
     true,
     {"keys|_keys", "values|_values"},
     "_size",
     NULL,
     0},
    {"System.Collections.SortedList",
     "map",
     hgr_walk_parallel,
     true,
     {"keys|_keys", "values|_values"},
     "_size",
     NULL,
     0},
    {GENERIC "Queue", "queue", hgr_walk_ring, false, {"_array", "_head"}, "_size", NULL, 0},
    {"System.Collections.Queue",
     "queue",
     hgr_walk_ring,
     false,
     {"_array", "_head"},
     "_size",
     NULL,
     0},
    {GENERIC "Stack", "stack", hgr_walk_stack, false, {"_array"}, "_size", NULL, 0},
    {"System.Collections.Stack", "stack", hgr_walk_stack, false, {"_array"}, "_size", NULL, 0},
    {"System.Collections.Concurrent.ConcurrentQueue",
     "queue",
     hgr_walk_segments,
     false,
     {"_head", "_nextSegment", "_slots", "_headAndTail", "Item", "_frozenForEnqueues"},
     NULL,
     NULL,
     0},
    {"System.Collections.Concurrent.ConcurrentStack",
     "stack",
     hgr_walk_linked,
     false,
     {"_head|m_head", "_next|m_next", NULL, "_value|m_value"},
     NULL,
     NULL,
     0},
    {"System.Collections.Concurrent.ConcurrentBag",
     "bag",
     hgr_walk_bag,
     false,
     {"_workStealingQueues", "_nextQueue", "_array", "_headIndex", "_tailIndex", "_mask"},
     NULL,
     NULL,
     0},
    {"System.Collections.Concurrent.BlockingCollection",
     "queue",
     hgr_walk_wrapped,
     false,
     {"_collection|m_collection"},
     NULL,
     NULL,
     0},
    {GENERIC "LinkedList",
     "list",
     hgr_walk_linked,
     false,
     {"head|_head", "next|_next", NULL, "item|_item"},
     "count|_count",
     NULL,
     0},
    {GENERIC "PriorityQueue",
     "queue",
     hgr_walk_list,
     true,
     {"_nodes", "Item1", "Item2"},
     "_size",
     NULL,
     0},
    {"System.Collections.Specialized.ListDictionary",
     "map",
     hgr_walk_linked,
     true,
     {"head|_head", "next|_next", "key|_key", "value|_value"},
     "count|_count",
     NULL,
     0},
    {"System.Collections.ListDictionaryInternal",
     "map",
     hgr_walk_linked,
     true,
     {"head|_head", "next|_next", "key|_key", "value|_value"},
     "count|_count",
     NULL,
     0},
    {"System.Collections.Specialized.HybridDictionary",
     "map",
     hgr_walk_wrapped,
     true,
     {"hashtable|_hashtable", "list|_list"},
     NULL,
     NULL,
     0},
    {"System.Collections.Specialized.NameObjectCollectionBase",
     "map",
     hgr_walk_named,
     true,
     {"_entriesArray", "Key", "Value"},
     NULL,
     NULL,
     0},
    {"System.Collections.Specialized.OrderedDictionary",
     "map",
     hgr_walk_named,
     true,
     {"_objectsArray", "_key", "_value"},
     NULL,
     NULL,
     0},
    {"System.Collections.Specialized.StringCollection",
     "list",
     hgr_walk_wrapped,
     false,
     {"data|_data"},
     NULL,
     NULL,
     0},
    {"System.Collections.Specialized.StringDictionary",
     "map",
     hgr_walk_wrapped,
     true,
     {"contents|_contents"},
     NULL,
     NULL,
     0},
    {"System.Collections.ObjectModel.Collection",
     "list",
     hgr_walk_wrapped,
     false,
     {"items|_items"},
     NULL,
     NULL,
     0},
    {"System.Collections.ObjectModel.ReadOnlyCollection",
     "list",
     hgr_walk_wrapped,
     false,
     {"list|_list"},
     NULL,
     NULL,
     0},
    {"System.Collections.ObjectModel.ReadOnlyDictionary",
     "map",
     hgr_walk_wrapped,
     true,
     {"m_dictionary|_dictionary"},
     NULL,
     NULL,
     0},
    {"System.Collections.CollectionBase",
     "list",
     hgr_walk_wrapped,
     false,
     {"_list|list"},
     NULL,
     NULL,
     0},
    {"System.Collections.DictionaryBase",
     "map",
     hgr_walk_wrapped,
     true,
     {"_hashtable|hashtable"},
     NULL,
     NULL,
     0},
    {"System.Collections.BitArray",
     "bits",
     hgr_walk_bits,
     false,
     {"m_array|_array"},
     "m_length|_bitLength|_length",
     NULL,
     0},
    {"System.Runtime.CompilerServices.ConditionalWeakTable",
     "map",
     hgr_walk_weak,
     true,
     {"_container", "_entries", "HashCode|hashCode", "depHnd", "_handle", "_firstFreeEntry"},
     NULL,
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableArray",
     "list",
     hgr_walk_wrapped,
     false,
     {"array"},
     NULL,
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableList",
     "list",
     hgr_walk_tree,
     false,
     {"_root", "_left", "_right", "_key|_value"},
     NULL,
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableSortedSet",
     "set",
     hgr_walk_tree,
     false,
     {"_root", "_left", "_right", "_key"},
     NULL,
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableSortedDictionary",
     "map",
     hgr_walk_tree,
     true,
     {"_root", "_left", "_right", "_value", "_key"},
     "_count",
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableDictionary",
     "map",
     hgr_walk_hash_tree,
     true,
     {"_root", "_left", "_right", "_value", "_firstValue", "_additionalElements"},
     "_count",
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableHashSet",
     "set",
     hgr_walk_hash_tree,
     false,
     {"_root", "_left", "_right", "_value", "_firstValue", "_additionalElements"},
     "_count",
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableStack",
     "stack",
     hgr_walk_linked,
     false,
     {"_tail", "_tail", NULL, "_head"},
     NULL,
     NULL,
     0},
    {"System.Collections.Immutable.ImmutableQueue",
     "queue",
     hgr_walk_two_stacks,
     false,
     {"_forwards", "_backwards", "_tail", "_head"},
     NULL,
     NULL,
     0},
    {"System.Collections.Frozen.FrozenDictionary",
     "map",
     hgr_walk_parallel,
     true,
     {"_keys", "_values"},
     NULL,
     NULL,
     0},
    {"System.Collections.Frozen.FrozenDictionary",
     "map",
     hgr_walk_parallel,
     true,
     {"_hashTable", "_values", "HashCodes|_hashCodes"},
     NULL,
     NULL,
     0},
    {"System.Collections.Frozen.FrozenSet", "set", hgr_walk_list, false, {"_items"}, NULL, NULL, 0},
    {"System.Collections.Frozen.FrozenSet",
     "set",
     hgr_walk_parallel,
     false,
     {"_hashTable", NULL, "HashCodes|_hashCodes"},
     NULL,
     NULL,
     0},
    {"System.Text.StringBuilder",
     "text",
     hgr_walk_text,
     false,
     {"m_ChunkChars", "m_ChunkPrevious", "m_ChunkLength", "m_ChunkOffset"},
     NULL,
     NULL,
     0},
    {"System.IO.MemoryStream",
     "bytes",
     hgr_walk_list,
     false,
     {"_buffer", NULL, NULL, "_origin"},
     "_length",
     "_origin",
     0},
    {"System.ArraySegment",
     "list",
     hgr_walk_list,
     false,
     {"_array", NULL, NULL, "_offset"},
     "_count",
     NULL,
     0},
    {"System.Memory",
     "list",
     hgr_walk_list,
     false,
     {"_object", NULL, NULL, "_index"},
     "_length",
     NULL,
     0},
    {"System.ReadOnlyMemory",
     "list",
     hgr_walk_list,
     false,
     {"_object", NULL, NULL, "_index"},
     "_length",
     NULL,
     0},
    {"System.Linq.Grouping", "list", hgr_walk_list, false, {"_elements"}, "_count", NULL, 0},
    {"Microsoft.AspNetCore.Routing.RouteValueDictionary",
     "map",
     hgr_walk_list,
     true,
     {"_arrayStorage", "key", "value"},
     "_count",
     NULL,
     0},
};

static const hgr_collection_kind ARRAY_KIND = {"System.Array", "array", hgr_walk_array, false,
                                               {NULL},         NULL,    NULL,           0};

/* A structure that repeats its only field: an inline array, or a fixed buffer of C#. */
static const hgr_collection_kind INLINE_KIND = {"",   "array", hgr_walk_inline, false, {NULL}, NULL,
                                                NULL, 0};

/* ---- fields by alternatives of their name ---- */

static const hgr_field *find_named(hgr_inspector *inspector, const hgr_type *type,
                                   const char *names)
{
    char name[64];
    for (const char *at = names; *at;) {
        size_t len = strcspn(at, "|");
        if (len < sizeof name) {
            memcpy(name, at, len);
            name[len] = '\0';
            const hgr_field *found = hgr_type_field(inspector, type, name);
            if (found)
                return found;
        }
        at += len + (at[len] == '|');
    }
    return NULL;
}

bool hgr_pick(hgr_inspector *inspector, hgr_picked *picked, const hgr_value *owner, hgr_value *out)
{
    const hgr_type *type = hgr_value_type(inspector, owner);
    if (!type)
        return false;
    if (type != picked->type) {
        picked->type = type;
        picked->field = find_named(inspector, type, picked->names);
    }
    if (!picked->field)
        return false;
    *out = hgr_value_field(inspector, owner, picked->field);
    return out->present;
}

bool hgr_pick_once(hgr_inspector *inspector, const char *names, const hgr_value *owner,
                   hgr_value *out)
{
    hgr_picked picked = {.names = names};
    return hgr_pick(inspector, &picked, owner, out);
}

bool hgr_field_bits(hgr_inspector *inspector, const hgr_value *owner, const char *names,
                    uint64_t *out)
{
    hgr_value value;
    if (!hgr_pick_once(inspector, names, owner, &value))
        return false;
    *out = value.bits;
    return true;
}

bool hgr_pick_count(hgr_inspector *inspector, const char *names, const hgr_value *owner,
                    uint64_t *out)
{
    hgr_value value;
    if (!hgr_pick_once(inspector, names, owner, &value) || (int64_t)value.bits < 0)
        return false;
    *out = value.bits;
    return true;
}

bool hgr_pick_array(hgr_inspector *inspector, const char *names, const hgr_value *owner,
                    hgr_object *out)
{
    hgr_value value;
    return hgr_pick_once(inspector, names, owner, &value) && value.element == HGR_IS_REFERENCE &&
           value.bits != 0 && hgr_inspect_object(inspector, value.bits, out, NULL) == HGR_OK &&
           out->type->kind == HGR_TYPE_ARRAY;
}

/* ---- the kind of a value ---- */

/* "System.Collections.Generic.List<..>" is a List, "List<..>+Enumerator" is none. */
static bool is_called(const char *type_name, const char *wanted)
{
    size_t len = strlen(wanted);
    if (strncmp(type_name, wanted, len) != 0)
        return false;
    if (type_name[len] == '\0')
        return true;
    uint32_t open = 0;
    const char *at = type_name + len;
    if (*at != '<')
        return false;
    for (; *at; at++) {
        open += *at == '<';
        open -= *at == '>' && open > 0;
        if (open == 0)
            break;
    }
    return *at == '>' && at[1] == '\0';
}

static const hgr_collection_kind *find_kind(hgr_inspector *inspector, const hgr_type *type)
{
    const hgr_type *base = type;
    if (type->kind == HGR_TYPE_ARRAY)
        return &ARRAY_KIND;
    if (type->element == HGR_IS_STRUCT && hgr_inline_count(inspector, type) > 1)
        return &INLINE_KIND;
    for (uint32_t level = 0; level < MAX_PARENTS; level++) {
        for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
            if (is_called(base->name, KINDS[i].type) &&
                find_named(inspector, type, KINDS[i].fields[0]))
                return &KINDS[i];
        if (base->parent_addr == 0 ||
            hgr_inspect_type(inspector, base->parent_addr, &base, NULL) != HGR_OK)
            break;
    }
    return NULL;
}

/* Classes that are asked about in vain are many: remember. */
static const hgr_collection_kind *kind_of(hgr_inspector *inspector, const hgr_value *value)
{
    const hgr_type *type = hgr_value_type(inspector, value);
    if (!type)
        return NULL;
    hgr_known_type *known = hgr_known(type);
    if (!known->knows_kind) {
        known->kind = find_kind(inspector, type);
        known->knows_kind = true;
    }
    return known->kind;
}

/* A ConcurrentDictionary counts for each of its locks. */
static uint64_t count_per_lock(hgr_inspector *inspector, const hgr_value *self)
{
    hgr_value tables;
    hgr_object counts;
    uint64_t sum = 0;
    if (!hgr_pick_once(inspector, "_tables|m_tables", self, &tables) ||
        !hgr_pick_array(inspector, "_countPerLock|m_countPerLock", &tables, &counts))
        return UINT64_MAX;
    for (uint64_t i = 0; i < counts.length; i++) {
        hgr_value count = hgr_array_element(inspector, &counts, i);
        if (!count.present || (int64_t)count.bits < 0 || !hgr_add_u64(sum, count.bits, &sum))
            return UINT64_MAX;
    }
    return sum;
}

uint64_t hgr_collection_count(hgr_inspector *inspector, const hgr_collection_kind *kind,
                              const hgr_value *self)
{
    uint64_t count, unused = 0;
    hgr_object array;
    if (kind == &ARRAY_KIND)
        return hgr_inspect_object(inspector, self->bits, &array, NULL) == HGR_OK ? array.length
                                                                                 : UINT64_MAX;
    if (kind == &INLINE_KIND)
        return hgr_inline_count(inspector, hgr_value_type(inspector, self));
    if (kind->walk == hgr_walk_chains)
        return count_per_lock(inspector, self);
    if (!kind->count || !hgr_pick_count(inspector, kind->count, self, &count) ||
        (kind->free && !hgr_pick_count(inspector, kind->free, self, &unused)) || unused > count)
        return UINT64_MAX;
    return count - unused;
}

static uint64_t count_with_wrappers(hgr_inspector *inspector, const hgr_value *value)
{
    hgr_value at = *value;
    for (uint32_t depth = 0; depth < MAX_WRAPPERS; depth++) {
        const hgr_collection_kind *kind = kind_of(inspector, &at);
        hgr_value inner = {0};
        if (!kind)
            return UINT64_MAX;
        if (kind->walk != hgr_walk_wrapped && kind->walk != hgr_walk_named)
            return hgr_collection_count(inspector, kind, &at);
        for (size_t i = 0; i < 2 && inner.bits == 0 && kind->fields[i]; i++)
            if (!hgr_pick_once(inspector, kind->fields[i], &at, &inner))
                return UINT64_MAX;
        at = inner;
    }
    return UINT64_MAX;
}

hgr_result hgr_collection_of(hgr_inspector *inspector, const hgr_value *value, hgr_collection *out,
                             hgr_status *status)
{
    const hgr_collection_kind *kind = kind_of(inspector, value);
    if (!kind)
        return hgr_fail_addr(status, HGR_NOT_FOUND, value->bits, "no collection");
    *out = (hgr_collection){
        .what = kind->what,
        .count = count_with_wrappers(inspector, value),
        .has_keys = kind->has_keys,
    };
    return HGR_OK;
}

/* ---- the visit ---- */

bool hgr_give_item(hgr_item_walk *walk, const hgr_value *key, const hgr_value *value)
{
    hgr_item item = {.index = walk->seen++, .value = *value};
    if (key)
        item.key = *key;
    if (!walk->ended && !walk->visit(walk->user, &item))
        walk->ended = true;
    return !walk->ended;
}

bool hgr_step(hgr_item_walk *walk)
{
    return walk->steps++ < walk->max_steps;
}

bool hgr_walk_inner(hgr_item_walk *walk, const hgr_value *inner)
{
    const hgr_collection_kind *kind = kind_of(walk->inspector, inner);
    if (!kind || walk->depth >= MAX_WRAPPERS)
        return false;
    walk->depth++;
    bool good = kind->walk(walk, kind, inner);
    walk->depth--;
    return good;
}

hgr_result hgr_collection_visit(hgr_inspector *inspector, const hgr_value *value, hgr_item_fn visit,
                                void *user, hgr_status *status)
{
    return hgr_collection_visit_from(inspector, value, 0, visit, user, status);
}

hgr_result hgr_collection_visit_from(hgr_inspector *inspector, const hgr_value *value,
                                     uint64_t first, hgr_item_fn visit, void *user,
                                     hgr_status *status)
{
    const hgr_collection_kind *kind = kind_of(inspector, value);
    if (!kind)
        return hgr_fail_addr(status, HGR_NOT_FOUND, value->bits, "no collection");
    hgr_item_walk walk = {
        .inspector = inspector,
        .visit = visit,
        .user = user,
        .skip = first,
        .max_steps = inspector->runtime->info.used_bytes / hgr_inspector_word(inspector) + 64,
    };
    if (kind->walk(&walk, kind, value) || walk.ended)
        return HGR_OK;
    return hgr_fail_addr(status, HGR_BAD_DATA, value->bits, "the %s is damaged after %llu items",
                         kind->what, (unsigned long long)walk.seen);
}
