/* clr: indexes over types.
 *
 * Input: all loaded modules and types. Output: look-ups that a signature needs. Method: constructed
 * types are hashed by definition and arguments, where every reference argument counts as the same
 * (they share their layout), sorted by hash, and told apart by comparison. */
#include "clr_type_index.h"

#include <stdlib.h>
#include <xxhash.h>

#include "../base/status.h"

#define ARRAY_MARK                                                                                 \
    UINT64_C(0x5252415f595f5241) /* no module address: arrays hash apart from instances */

static uint64_t hash_text(uint64_t seed, hgr_clr_word word)
{
    uint64_t hash = XXH3_64bits_withSeed(word.text, word.len, seed);
    return hash ? hash : 1; /* the map cannot store 0 */
}

/* A handle as layout sees it. Pointers and variables (TypeDescs, bit 1) stand for themselves. */
static uint64_t canonical_argument(const hgr_runtime *runtime, uint64_t handle)
{
    hgr_method_table mt;
    if (handle == HGR_CLR_SOME_REFERENCE || (handle & 2) ||
        !hgr_method_table_read(runtime, handle, &mt))
        return handle;
    return hgr_method_table_is_value_type(&mt) ? handle : HGR_CLR_SOME_REFERENCE;
}

typedef struct key {
    uint64_t words[HGR_TYPE_MAX_ARGUMENTS + 2];
    uint32_t count;
} key;

static void key_begin(key *k, uint64_t first, uint64_t second)
{
    k->words[0] = first;
    k->words[1] = second;
    k->count = 2;
}

static uint64_t key_hash(const key *k)
{
    return XXH3_64bits(k->words, k->count * sizeof k->words[0]);
}

/* false: no array and no closed instance. */
static bool key_of(const hgr_runtime *runtime, const hgr_method_table *mt, key *k)
{
    if (hgr_method_table_is_array(mt)) {
        uint32_t rank = mt->flags & HGR_MT_VECTOR ? 0 : hgr_method_table_rank(runtime, mt);
        key_begin(k, ARRAY_MARK + rank, mt->per_inst_info);
        return true;
    }
    uint32_t generics = hgr_method_table_generics(mt), count;
    if (generics == 0 || generics == HGR_MT_GENERIC_OPEN)
        return false;
    uint64_t handle, at = hgr_method_table_arguments(runtime, mt, &count);
    key_begin(k, hgr_method_table_module(runtime, mt), mt->rid);
    for (uint32_t i = 0; i < count; i++, at += runtime->space->pointer_size) {
        if (!hgr_space_ptr(runtime->space, at, &handle))
            return false;
        k->words[k->count++] =
            canonical_argument(runtime, handle); /* count <= HGR_TYPE_MAX_ARGUMENTS */
    }
    return count > 0;
}

static int by_hash(const void *left, const void *right)
{
    const struct hgr_clr_constructed *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->mt > b->mt) - (a->mt < b->mt);
}

static hgr_result index_constructed(hgr_clr_type_index *index, hgr_status *status)
{
    const hgr_runtime *runtime = index->names->runtime;
    uint64_t *types = NULL;
    size_t ntypes = 0;
    key k;
    hgr_method_table mt;
    hgr_result result = hgr_clr_loaded_types(runtime, index->names->run, &types, &ntypes, status);
    for (size_t i = 0; i < ntypes && result == HGR_OK; i++) {
        if (!hgr_method_table_read(runtime, types[i], &mt) || !key_of(runtime, &mt, &k))
            continue;
        result = hgr_grow(index->names->run, &index->constructed, &index->capacity,
                          index->nconstructed + 1, HGR_CLR_MAX_TYPES, sizeof *index->constructed,
                          "constructed types", status);
        if (result == HGR_OK)
            index->constructed[index->nconstructed++] =
                (struct hgr_clr_constructed){key_hash(&k), types[i]};
    }
    hgr_free(types);
    if (index->nconstructed > 0)
        qsort(index->constructed, index->nconstructed, sizeof *index->constructed, by_hash);
    return result;
}

static hgr_result index_assemblies(hgr_clr_type_index *index, hgr_status *status)
{
    hgr_clr_modules *modules = &index->names->modules;
    uint64_t *addrs = NULL;
    size_t count = 0;
    hgr_result result =
        hgr_clr_modules_list(modules->runtime, modules->run, &addrs, &count, status);
    for (size_t i = 0; i < count && result == HGR_OK; i++) {
        hgr_clr_module *module;
        hgr_clr_word name;
        result = hgr_clr_modules_get(modules, addrs[i], &module, status);
        if (result != HGR_OK || !module || !module->has_metadata ||
            !hgr_metadata_string(&module->metadata, HGR_TABLE_ASSEMBLY, 1, HGR_ASSEMBLY_NAME,
                                 &name.text, &name.len))
            continue;
        uint64_t hash = hash_text(0, name);
        if (hgr_map_get(&index->assemblies, hash) == HGR_MAP_NONE) /* the first of a name wins */
            result = hgr_map_put(&index->assemblies, hash, hgr_map_get(&modules->index, addrs[i]),
                                 status);
    }
    hgr_free(addrs);
    return result;
}

hgr_result hgr_clr_type_index_init(hgr_clr_type_index *index, hgr_clr_names *names,
                                   hgr_status *status)
{
    *index = (hgr_clr_type_index){.names = names};
    hgr_map_init(&index->assemblies, names->run);
    hgr_result result = index_assemblies(index, status);
    if (result == HGR_OK)
        result = index_constructed(index, status);
    if (result != HGR_OK)
        hgr_clr_type_index_fini(index);
    return result;
}

void hgr_clr_type_index_fini(hgr_clr_type_index *index)
{
    hgr_free(index->constructed);
    index->constructed = NULL;
    index->nconstructed = index->capacity = 0;
    hgr_map_fini(&index->assemblies);
}

hgr_clr_module *hgr_clr_find_assembly(const hgr_clr_type_index *index, const char *name, size_t len)
{
    uint32_t item = hgr_map_get(&index->assemblies, hash_text(0, (hgr_clr_word){name, len}));
    return item == HGR_MAP_NONE ? NULL : index->names->modules.items[item];
}

static uint64_t hash_typedef(uint32_t enclosing, hgr_clr_word name_space, hgr_clr_word name)
{
    return hash_text(hash_text(enclosing, name_space), name);
}

/* The row's own names; a nested type's namespace is empty by convention, so it is not asked for. */
static bool typedef_words(const hgr_clr_module *module, uint32_t row, uint32_t *enclosing,
                          hgr_clr_word *name_space, hgr_clr_word *name)
{
    const hgr_metadata *metadata = &module->metadata;
    *enclosing = module->enclosing ? module->enclosing[row] : 0;
    return hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, row, HGR_TYPE_DEF_NAMESPACE,
                               &name_space->text, &name_space->len) &&
           hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, row, HGR_TYPE_DEF_NAME, &name->text,
                               &name->len);
}

/* Hash table of a module's TypeDefs; half of it stays empty. */
static hgr_result index_typedefs(hgr_clr_names *names, hgr_clr_module *module, hgr_status *status)
{
    uint32_t rows = module->metadata.rows[HGR_TABLE_TYPE_DEF], capacity = 16, enclosing;
    while (capacity < 2 * rows) /* rows < 2^24 */
        capacity *= 2;
    uint32_t *table = hgr_arena_alloc(&names->arena, capacity * sizeof *table, status);
    if (!table)
        return HGR_NO_MEMORY;
    for (uint32_t row = 1; row <= rows; row++) {
        hgr_clr_word name_space, name;
        if (!typedef_words(module, row, &enclosing, &name_space, &name))
            continue;
        uint32_t slot = (uint32_t)hash_typedef(enclosing, name_space, name) & (capacity - 1);
        while (table[slot])
            slot = (slot + 1) & (capacity - 1);
        table[slot] = row;
    }
    module->by_name = table;
    module->by_name_capacity = capacity;
    return HGR_OK;
}

static bool same_word(hgr_clr_word a, hgr_clr_word b)
{
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

hgr_result hgr_clr_find_typedef(hgr_clr_names *names, hgr_clr_module *module, uint32_t enclosing,
                                hgr_clr_word name_space, hgr_clr_word name, uint32_t *out,
                                hgr_status *status)
{
    hgr_result result = HGR_OK;
    *out = 0;
    if (!module->has_metadata)
        return HGR_OK;
    if (!module->by_name && (result = index_typedefs(names, module, status)) != HGR_OK)
        return result;
    uint32_t mask = module->by_name_capacity - 1, around;
    uint32_t slot = (uint32_t)hash_typedef(enclosing, name_space, name) & mask;
    for (; module->by_name[slot]; slot = (slot + 1) & mask) {
        hgr_clr_word its_space, its_name;
        if (typedef_words(module, module->by_name[slot], &around, &its_space, &its_name) &&
            around == enclosing && same_word(its_name, name) && same_word(its_space, name_space)) {
            *out = module->by_name[slot];
            break;
        }
    }
    return HGR_OK;
}

/* First entry of a hash, or nconstructed. */
static size_t first_of(const hgr_clr_type_index *index, uint64_t hash)
{
    size_t low = 0, high = index->nconstructed;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->constructed[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_arguments(const hgr_runtime *runtime, const hgr_method_table *mt,
                          const uint64_t *arguments, uint32_t count)
{
    uint32_t seen;
    uint64_t handle, at = hgr_method_table_arguments(runtime, mt, &seen);
    if (seen != count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!hgr_space_ptr(runtime->space, at + (uint64_t)i * runtime->space->pointer_size,
                           &handle) ||
            handle != arguments[i])
            return false;
    return true;
}

uint64_t hgr_clr_find_instance(const hgr_clr_type_index *index,
                               const hgr_clr_definition *definition, const uint64_t *arguments,
                               uint32_t count, bool layout_is_enough)
{
    const hgr_runtime *runtime = index->names->runtime;
    key wanted, seen;
    if (!definition->module || count == 0 || count > HGR_TYPE_MAX_ARGUMENTS)
        return 0;
    key_begin(&wanted, definition->module->addr, definition->row);
    for (uint32_t i = 0; i < count; i++)
        wanted.words[wanted.count++] = canonical_argument(runtime, arguments[i]);
    uint64_t hash = key_hash(&wanted), same_layout = 0;
    for (size_t i = first_of(index, hash);
         i < index->nconstructed && index->constructed[i].hash == hash; i++) {
        hgr_method_table mt;
        if (!hgr_method_table_read(runtime, index->constructed[i].mt, &mt) ||
            !key_of(runtime, &mt, &seen) || seen.count != wanted.count ||
            memcmp(seen.words, wanted.words, seen.count * sizeof seen.words[0]) != 0)
            continue;
        if (has_arguments(runtime, &mt, arguments, count))
            return mt.addr;
        if (layout_is_enough && same_layout == 0)
            same_layout = mt.addr;
    }
    return same_layout;
}

uint64_t hgr_clr_find_array(const hgr_clr_type_index *index, uint64_t element, uint32_t rank)
{
    key wanted;
    key_begin(&wanted, ARRAY_MARK + rank, element);
    uint64_t hash = key_hash(&wanted);
    size_t i = first_of(index, hash);
    if (i == index->nconstructed || index->constructed[i].hash != hash)
        return 0;
    hgr_method_table mt;
    key seen;
    if (!hgr_method_table_read(index->names->runtime, index->constructed[i].mt, &mt) ||
        !key_of(index->names->runtime, &mt, &seen) || seen.words[1] != element)
        return 0;
    return mt.addr;
}
