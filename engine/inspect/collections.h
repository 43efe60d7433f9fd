/* inspect: what the readers of collections share: the table of kinds, and the visit under way.
 * Internal to this stage. */
#ifndef HGR_INSPECT_COLLECTIONS_H
#define HGR_INSPECT_COLLECTIONS_H

#include "inspector.h"

#define HGR_COLLECTION_FIELDS 6

struct hgr_collection_kind;

/** A visit under way. */
typedef struct hgr_item_walk {
    hgr_inspector *inspector;
    hgr_item_fn visit;
    void *user;
    uint64_t skip; /* items before this one are not wanted: arrays need not give them */
    uint64_t seen, steps, max_steps;
    uint32_t depth; /* collections inside the collection: wrappers */
    bool ended;     /* the visitor had enough */
} hgr_item_walk;

/** false: the collection is damaged. */
typedef bool (*hgr_item_walk_fn)(hgr_item_walk *walk, const struct hgr_collection_kind *kind,
                                 const hgr_value *self);

/** Which slots of an entries array are in use. */
typedef enum hgr_entry_rule {
    HGR_ENTRY_ALL,
    HGR_ENTRY_BY_HASH,  /* hash code >= 0: before .NET Core 3 */
    HGR_ENTRY_BY_NEXT,  /* next >= -1: since then */
    HGR_ENTRY_BY_EITHER /* an unsigned hash code says that it is next that counts */
} hgr_entry_rule;

/**
 * One kind of collection: the class, what it is, how it is read and the names of the fields that
 * matter. Alternatives of a name are separated by '|': runtimes and .NET Framework differ. A kind
 * applies when the first field exists.
 */
typedef struct hgr_collection_kind {
    const char *type; /* full name, without generic arguments; derived classes count */
    const char *what;
    hgr_item_walk_fn walk;
    bool has_keys;
    const char *fields[HGR_COLLECTION_FIELDS];
    const char *count, *free; /* items = count - free */
    hgr_entry_rule rule;
} hgr_collection_kind;

/** A field by its names, remembered for the type it was last looked up in. Initialise with the
 * names. */
typedef struct hgr_picked {
    const char *names;
    const hgr_type *type;
    const hgr_field *field;
} hgr_picked;

/** The field of what owner really is; false when there is none, or owner is null or absent. */
bool hgr_pick(hgr_inspector *inspector, hgr_picked *picked, const hgr_value *owner, hgr_value *out);
/** The same for one look. */
bool hgr_pick_once(hgr_inspector *inspector, const char *names, const hgr_value *owner,
                   hgr_value *out);
/** The bits of a field; false when there is none or its bytes are absent. */
bool hgr_field_bits(hgr_inspector *inspector, const hgr_value *owner, const char *names,
                    uint64_t *out);
/** A number that is not negative. */
bool hgr_pick_count(hgr_inspector *inspector, const char *names, const hgr_value *owner,
                    uint64_t *out);
/** An array behind a field. */
bool hgr_pick_array(hgr_inspector *inspector, const char *names, const hgr_value *owner,
                    hgr_object *out);

/** Give an item to the visitor (key NULL: none); false: stop. */
bool hgr_give_item(hgr_item_walk *walk, const hgr_value *key, const hgr_value *value);
/** One more step; false: hostile, stop. */
bool hgr_step(hgr_item_walk *walk);
/** Visit the items of a collection inside; false: damaged, or no collection. */
bool hgr_walk_inner(hgr_item_walk *walk, const hgr_value *inner);
/** hgr_collection_visit that may leave out the items before the first-th; indices stay those of all. */
hgr_result hgr_collection_visit_from(hgr_inspector *inspector, const hgr_value *value,
                                     uint64_t first, hgr_item_fn visit, void *user,
                                     hgr_status *status);
/** Items that a collection says it has; UINT64_MAX when it does not say. */
uint64_t hgr_collection_count(hgr_inspector *inspector, const hgr_collection_kind *kind,
                              const hgr_value *self);

/* collection_arrays.c: items side by side */
/** How often a structure repeats its only field; 0 when it does not. */
uint64_t hgr_inline_count(hgr_inspector *inspector, const hgr_type *type);
bool hgr_walk_inline(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_array(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_list(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_stack(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_ring(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_parallel(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_bits(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_text(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_wrapped(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);

/* collection_hashes.c: entries in tables and buckets */
bool hgr_walk_entries(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_buckets(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_chains(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_named(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_weak(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);

/* collection_nodes.c: nodes that refer to each other */
bool hgr_walk_linked(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_tree(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_hash_tree(hgr_item_walk *walk, const hgr_collection_kind *kind,
                        const hgr_value *self);
bool hgr_walk_segments(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_bag(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self);
bool hgr_walk_two_stacks(hgr_item_walk *walk, const hgr_collection_kind *kind,
                         const hgr_value *self);

#endif
