/* inspect: collections whose items lie in tables: slots that may be unused, buckets, chains. */
#include "collections.h"

/* ---- Dictionary, HashSet: an array of entries, of which some are free ---- */

/* The parts of an entry: key (names NULL: none), value, what says that it is in use. */
typedef struct entry_fields {
    hgr_picked key, value, next, hash;
    hgr_entry_rule rule;
} entry_fields;

static bool is_used(hgr_inspector *inspector, entry_fields *fields, const hgr_value *entry,
                    bool *out)
{
    hgr_value hash = {0}, next = {0};
    if (fields->rule == HGR_ENTRY_ALL) {
        *out = true;
        return true;
    }
    if (fields->rule != HGR_ENTRY_BY_NEXT && !hgr_pick(inspector, &fields->hash, entry, &hash))
        return false;
    bool by_hash = fields->rule == HGR_ENTRY_BY_HASH ||
                   (fields->rule == HGR_ENTRY_BY_EITHER && hash.element == HGR_IS_INT32);
    if (!by_hash && !hgr_pick(inspector, &fields->next, entry, &next))
        return false;
    *out = by_hash ? (int64_t)hash.bits >= 0 : (int64_t)next.bits >= -1;
    return true;
}

/* A set's value is its item; a map's two are a pair. */
static bool give_entry(hgr_item_walk *walk, entry_fields *fields, const hgr_value *entry)
{
    hgr_value key, value;
    bool used;
    if (!is_used(walk->inspector, fields, entry, &used))
        return false;
    if (!used)
        return true;
    if (!hgr_pick(walk->inspector, &fields->value, entry, &value))
        return false;
    if (!fields->key.names) {
        hgr_give_item(walk, NULL, &value);
        return true;
    }
    if (!hgr_pick(walk->inspector, &fields->key, entry, &key))
        return false;
    hgr_give_item(walk, &key, &value);
    return true;
}

/* fields: entries, key, value, next, hash code, slots ever used (where that is not the count). */
bool hgr_walk_entries(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    hgr_value behind;
    uint64_t end;
    entry_fields fields = {
        {.names = kind->fields[1]},
        {.names = kind->fields[2]},
        {.names = kind->fields[3]},
        {.names = kind->fields[4]},
        kind->rule,
    };
    if (!hgr_pick_once(walk->inspector, kind->fields[0], self, &behind) ||
        !hgr_pick_count(walk->inspector, kind->fields[5] ? kind->fields[5] : kind->count, self,
                        &end))
        return false;
    if (behind.bits == 0)
        return end == 0;
    if (!hgr_pick_array(walk->inspector, kind->fields[0], self, &array) || end > array.length)
        return false;
    for (uint64_t i = 0; i < end && !walk->ended; i++) {
        hgr_value entry = hgr_array_element(walk->inspector, &array, i);
        if (!give_entry(walk, &fields, &entry))
            return false;
    }
    return true;
}

/* ---- Hashtable: an array of buckets, empty or with a pair; a removed one has the array as key
 * ---- */

bool hgr_walk_buckets(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_object array;
    hgr_picked key = {.names = kind->fields[1]}, value = {.names = kind->fields[2]};
    if (!hgr_pick_array(walk->inspector, kind->fields[0], self, &array))
        return false;
    for (uint64_t i = array.length; i-- > 0 && !walk->ended;) { /* as its enumerator goes */
        hgr_value bucket = hgr_array_element(walk->inspector, &array, i), left, right;
        if (!hgr_pick(walk->inspector, &key, &bucket, &left) ||
            !hgr_pick(walk->inspector, &value, &bucket, &right))
            return false;
        if (left.bits != 0 && left.bits != array.addr)
            hgr_give_item(walk, &left, &right);
    }
    return true;
}

/* ---- ConcurrentDictionary: an array of chains of nodes ---- */

static bool walk_chain(hgr_item_walk *walk, hgr_picked parts[3], hgr_value node)
{
    while (node.bits != 0 && !walk->ended) {
        hgr_value key, value, next;
        if (!hgr_step(walk) || !hgr_pick(walk->inspector, &parts[0], &node, &key) ||
            !hgr_pick(walk->inspector, &parts[1], &node, &value) ||
            !hgr_pick(walk->inspector, &parts[2], &node, &next))
            return false;
        hgr_give_item(walk, &key, &value);
        node = next;
    }
    return true;
}

/* fields: tables, buckets, the node of a bucket that is a structure, key, value, next. */
bool hgr_walk_chains(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_object array;
    hgr_value tables;
    hgr_picked node = {.names = kind->fields[2]};
    hgr_picked parts[3] = {
        {.names = kind->fields[3]}, {.names = kind->fields[4]}, {.names = kind->fields[5]}};
    if (!hgr_pick_once(inspector, kind->fields[0], self, &tables) ||
        !hgr_pick_array(inspector, kind->fields[1], &tables, &array))
        return false;
    for (uint64_t i = 0; i < array.length && !walk->ended; i++) {
        hgr_value head = hgr_array_element(inspector, &array, i);
        if (!head.present ||
            (head.element == HGR_IS_STRUCT && !hgr_pick(inspector, &node, &head, &head)) ||
            !walk_chain(walk, parts, head))
            return false;
    }
    return true;
}

/* ---- collections that keep pairs as objects in an ArrayList ---- */

struct named_walk {
    hgr_item_walk *walk;
    hgr_picked key, value;
    bool good;
};

/* NameValueCollection keeps the values of one name in an ArrayList; mostly it is one. */
static bool keep_first(void *user, const hgr_item *item)
{
    *(hgr_value *)user = item->value;
    return item->index == 0;
}

static void unwrap_single(hgr_inspector *inspector, hgr_value *value)
{
    hgr_collection list;
    hgr_value only = {0};
    const hgr_type *type = hgr_value_type(inspector, value);
    if (type && strcmp(type->name, "System.Collections.ArrayList") == 0 &&
        hgr_collection_of(inspector, value, &list, NULL) == HGR_OK && list.count == 1 &&
        hgr_collection_visit(inspector, value, keep_first, &only, NULL) == HGR_OK)
        *value = only;
}

static bool give_named(void *user, const hgr_item *item)
{
    struct named_walk *named = user;
    hgr_value key, value;
    named->good = hgr_pick(named->walk->inspector, &named->key, &item->value, &key) &&
                  hgr_pick(named->walk->inspector, &named->value, &item->value, &value);
    if (!named->good)
        return false;
    unwrap_single(named->walk->inspector, &value);
    return hgr_give_item(named->walk, &key, &value);
}

/* fields: the list, key and value of its items. */
bool hgr_walk_named(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    struct named_walk named = {walk, {.names = kind->fields[1]}, {.names = kind->fields[2]}, true};
    hgr_value list;
    if (!hgr_pick_once(walk->inspector, kind->fields[0], self, &list))
        return false;
    if (list.bits == 0)
        return true;
    hgr_item_walk inner = *walk; /* its depth ends a list that is this very collection */
    inner.visit = give_named;
    inner.user = &named;
    inner.seen = inner.skip = 0;
    return hgr_walk_inner(&inner, &list) && named.good;
}

/* ---- ConditionalWeakTable: entries with dependent handles ---- */

static bool give_weak(hgr_item_walk *walk, const hgr_value *handle)
{
    hgr_value primary, secondary;
    const hgr_handle *dependent = hgr_inspector_handle(walk->inspector, handle->bits);
    if (handle->bits == 0 || !dependent || dependent->object_addr == 0)
        return true; /* the key is dead */
    primary = hgr_value_read(walk->inspector, dependent->slot_addr, HGR_IS_REFERENCE, 0, NULL);
    secondary = primary;
    secondary.addr = 0;
    secondary.bits = dependent->dependent_addr;
    return hgr_give_item(walk, &primary, &secondary);
}

/* fields: container, entries, hash code, handle structure, its pointer, slots ever used. */
bool hgr_walk_weak(hgr_item_walk *walk, const hgr_collection_kind *kind, const hgr_value *self)
{
    hgr_inspector *inspector = walk->inspector;
    hgr_value container;
    hgr_object array;
    uint64_t end;
    hgr_picked hash = {.names = kind->fields[2]}, structure = {.names = kind->fields[3]},
               pointer = {.names = kind->fields[4]};
    if (!hgr_pick_once(inspector, kind->fields[0], self, &container) ||
        !hgr_pick_array(inspector, kind->fields[1], &container, &array) ||
        !hgr_pick_count(inspector, kind->fields[5], &container, &end) || end > array.length)
        return false;
    for (uint64_t i = 0; i < end && !walk->ended; i++) {
        hgr_value entry = hgr_array_element(inspector, &array, i), code, handle;
        if (!hgr_pick(inspector, &hash, &entry, &code) ||
            !hgr_pick(inspector, &structure, &entry, &handle) ||
            !hgr_pick(inspector, &pointer, &handle, &handle))
            return false;
        if ((int64_t)code.bits >= 0)
            give_weak(walk, &handle);
    }
    return true;
}
