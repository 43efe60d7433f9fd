/* inspect: a loaded type by its full name. The index over all names is made on the first question.
 */
#include "inspector.h"

#include <stdlib.h>
#include <xxhash.h>

#include "../base/status.h"
#include "../clr/clr_modules.h"
#include "../clr/method_table.h"

struct hgr_type_names {
    struct named {
        uint64_t hash, mt;
    } * items; /* ascending */
    size_t count;
};

void hgr_type_names_free(struct hgr_type_names *names)
{
    if (!names)
        return;
    hgr_free(names->items);
    hgr_free(names);
}

static uint64_t hash_of(const char *name)
{
    return XXH3_64bits(name, strlen(name));
}

static int by_hash(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->mt > b->mt) - (a->mt < b->mt);
}

static hgr_result fill(hgr_inspector *inspector, struct hgr_type_names *names,
                       const uint64_t *types, size_t ntypes, hgr_status *status)
{
    hgr_text text;
    hgr_result result = hgr_alloc(inspector->run, ntypes, sizeof *names->items, "type names",
                                  &names->items, status);
    hgr_text_init(&text, inspector->run);
    for (size_t i = 0; i < ntypes && result == HGR_OK; i++) {
        hgr_method_table mt;
        hgr_text_clear(&text);
        if (!hgr_method_table_read(inspector->runtime, types[i], &mt) ||
            hgr_method_table_generics(&mt) == HGR_MT_GENERIC_OPEN ||
            !hgr_clr_type_name(inspector->names, types[i], &text))
            continue;
        names->items[names->count++] = (struct named){hash_of(hgr_text_get(&text)), types[i]};
    }
    hgr_text_fini(&text);
    if (result == HGR_OK && names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, by_hash);
    return result;
}

static hgr_result make_index(hgr_inspector *inspector, hgr_status *status)
{
    uint64_t *types = NULL;
    size_t ntypes = 0;
    struct hgr_type_names *names = NULL;
    hgr_result result = hgr_alloc(inspector->run, 1, sizeof *names, "type names", &names, status);
    if (result == HGR_OK)
        result = hgr_clr_loaded_types(inspector->runtime, inspector->run, &types, &ntypes, status);
    if (result == HGR_OK)
        result = fill(inspector, names, types, ntypes, status);
    hgr_free(types);
    if (result == HGR_OK)
        inspector->type_names = names;
    else
        hgr_type_names_free(names);
    return result;
}

/* The first item whose hash is at least this one. */
static size_t first_at(const struct hgr_type_names *names, uint64_t hash)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names->items[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Namespace and name of a type that is neither generic, nested nor an array; false for others. */
static bool split_plain(const char *name, size_t *space_len)
{
    const char *last = strrchr(name, '.');
    if (strpbrk(name, "<[+`"))
        return false;
    *space_len = last ? (size_t)(last - name) : 0;
    return true;
}

/* The method table of the TypeDef of that namespace and name in a module, 0 = none. */
static uint64_t find_in_module(const hgr_inspector *inspector, const hgr_clr_module *module,
                               const char *name, size_t space_len)
{
    const hgr_metadata *metadata = &module->metadata;
    const char *simple = name + space_len + (space_len > 0), *seen, *space;
    size_t len = strlen(simple), seen_len, seen_space;
    for (uint32_t row = 1; row <= metadata->rows[HGR_TABLE_TYPE_DEF]; row++)
        if (hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, row, HGR_TYPE_DEF_NAME, &seen,
                                &seen_len) &&
            seen_len == len && memcmp(seen, simple, len) == 0 &&
            hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, row, HGR_TYPE_DEF_NAMESPACE, &space,
                                &seen_space) &&
            seen_space == space_len && memcmp(space, name, space_len) == 0 &&
            !(module->enclosing && module->enclosing[row]))
            return hgr_clr_typedef_method_table(inspector->runtime, module->addr, row);
    return 0;
}

/* Most types that people ask for are plain: their modules' metadata is asked, no index is made. */
static hgr_result find_plain(hgr_inspector *inspector, const char *name, const hgr_type **out,
                             hgr_status *status)
{
    uint64_t *modules = NULL, found = 0;
    size_t count = 0, space_len;
    if (!split_plain(name, &space_len))
        return HGR_NOT_FOUND;
    hgr_result result =
        hgr_clr_modules_list(inspector->runtime, inspector->run, &modules, &count, status);
    for (size_t i = 0; i < count && result == HGR_OK && found == 0; i++) {
        hgr_clr_module *module = NULL;
        result = hgr_clr_modules_get(&inspector->names->modules, modules[i], &module, status);
        if (result == HGR_OK && module && module->has_metadata)
            found = find_in_module(inspector, module, name, space_len);
    }
    hgr_free(modules);
    if (result != HGR_OK)
        return result;
    return found ? hgr_inspect_type(inspector, found, out, status) : HGR_NOT_FOUND;
}

hgr_result hgr_find_type(hgr_inspector *inspector, const char *name, const hgr_type **out,
                         hgr_status *status)
{
    uint64_t hash = hash_of(name);
    hgr_result result =
        inspector->type_names ? HGR_NOT_FOUND : find_plain(inspector, name, out, status);
    if (result != HGR_NOT_FOUND)
        return result;
    result = inspector->type_names ? HGR_OK : make_index(inspector, status);
    if (result != HGR_OK)
        return result;
    const struct hgr_type_names *names = inspector->type_names;
    for (size_t i = first_at(names, hash); i < names->count && names->items[i].hash == hash; i++) {
        const hgr_type *type = NULL;
        result = hgr_inspect_type(inspector, names->items[i].mt, &type, status);
        if (result == HGR_OK && strcmp(type->name, name) == 0) {
            *out = type;
            return HGR_OK;
        }
        if (result != HGR_OK && result != HGR_NOT_FOUND)
            return result;
    }
    return hgr_fail(status, HGR_NOT_FOUND, "no loaded type is called '%.150s'", name);
}

/* A type whose last name is the wanted one, wherever it stands: "Store" for "Shop.Store". */
static bool ends_with(const char *type, const char *wanted)
{
    size_t type_len = strlen(type), len = strlen(wanted);
    return type_len > len && strcmp(type + type_len - len, wanted) == 0 &&
           (type[type_len - len - 1] == '.' || type[type_len - len - 1] == '+');
}

hgr_result hgr_no_such_type(hgr_inspector *inspector, const char *name, size_t len,
                            hgr_status *status)
{
    const struct hgr_type_names *names = inspector->type_names;
    char *wanted = hgr_arena_text(&inspector->arena, name, len, status);
    const char *suffix = NULL;
    hgr_nearest nearest;
    if (!wanted)
        return HGR_NO_MEMORY;
    hgr_nearest_init(&nearest, wanted);
    for (size_t i = 0; names && !suffix && i < names->count; i++) {
        const hgr_type *type = NULL;
        if (hgr_inspect_type(inspector, names->items[i].mt, &type, NULL) != HGR_OK)
            continue;
        if (ends_with(type->name, wanted))
            suffix = type->name;
        hgr_nearest_offer(&nearest, type->name);
    }
    const char *found = suffix ? suffix : nearest.found;
    return hgr_fail(status, HGR_NOT_FOUND, "no loaded type is called '%.80s'%s%.100s%s", wanted,
                    found ? "; nearest: '" : "", found ? found : "", found ? "'" : "");
}
