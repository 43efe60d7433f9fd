/* diff: which type of one dump is which type of another.
 *
 * A type is its full name and the file name of its module; method tables differ from process to
 * process. Several types of one name and module (load contexts) stay several: those whose method
 * tables are known from an earlier dump keep to them; when none is, they pair in ascending order. */
#include "diff.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* XXH3_state_t on the stack */
#include <xxhash.h>

#define NO_ROW UINT32_MAX

struct entry {
    hgr_diff_type_of_view from;
    const char *module; /* file name */
    uint32_t    type;
};

static const char *file_name(const char *path)
{
    const char *name = path;
    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

static int compare_names(const char *name, const char *module, const char *other_name,
                         const char *other_module)
{
    int order = strcmp(name, other_name);
    return order ? order : strcmp(module, other_module);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_names(a->from.name, a->module, b->from.name, b->module);
    if (order != 0)
        return order;
    if (a->from.method_table_addr != b->from.method_table_addr)
        return a->from.method_table_addr < b->from.method_table_addr ? -1 : 1;
    return (a->type > b->type) - (a->type < b->type);
}

static uint64_t hash_names(const char *name, const char *module, uint32_t position)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, name, strlen(name) + 1);
    XXH3_64bits_update(&state, module, strlen(module));
    if (position > 0) {
        uint8_t bytes[5] = {0, (uint8_t)position, (uint8_t)(position >> 8),
                            (uint8_t)(position >> 16), (uint8_t)(position >> 24)};
        XXH3_64bits_update(&state, bytes, sizeof bytes);
    }
    return XXH3_64bits_digest(&state);
}

uint64_t hgr_diff_hash_type(const char *name, const char *module)
{
    return hash_names(name, file_name(module), 0);
}

/* First row of this name and module; NO_ROW and the free key when there is none. */
static uint32_t find_rows(const hgr_diff *diff, const struct entry *entry, uint64_t *out_key)
{
    for (uint64_t hash = hash_names(entry->from.name, entry->module, 0);; hash++) {
        *out_key = hash | 1;
        uint32_t row = hgr_map_get(&diff->row_index, *out_key);
        if (row == HGR_MAP_NONE)
            return NO_ROW;
        if (compare_names(diff->rows[row].type.name, diff->rows[row].type.module, entry->from.name,
                          entry->module) == 0)
            return row;
    }
}

static hgr_result make_row(hgr_diff *diff, const struct entry *entry, uint32_t *out,
                           hgr_status *status)
{
    uint32_t name, module;
    hgr_result result =
        hgr_diff_intern(diff, entry->from.name, strlen(entry->from.name), &name, status);
    if (result == HGR_OK)
        result = hgr_diff_intern(diff, entry->module, strlen(entry->module), &module, status);
    if (result == HGR_OK)
        result = hgr_grow(diff->run, &diff->rows, &diff->rows_capacity, diff->nrows + 1,
                          HGR_DIFF_TYPES_MAX, sizeof *diff->rows, "types", status);
    if (result == HGR_OK)
        result = hgr_grow(diff->run, &diff->row_amounts, &diff->row_amounts_capacity,
                          (diff->nrows + 1) * diff->sides, HGR_DIFF_TYPES_MAX * HGR_DIFF_SIDES,
                          sizeof *diff->row_amounts, "types", status);
    if (result != HGR_OK)
        return result;
    memset(&diff->row_amounts[diff->nrows * diff->sides], 0,
           diff->sides * sizeof *diff->row_amounts);
    diff->rows[diff->nrows] = (struct hgr_diff_row){
        .type = {.name = diff->texts[name], .module = diff->texts[module]},
        .next = NO_ROW,
        .side = UINT32_MAX,
        .least_mt = UINT64_MAX,
    };
    *out = (uint32_t)diff->nrows++; /* below HGR_DIFF_TYPES_MAX */
    return HGR_OK;
}

static hgr_result take(hgr_diff *diff, const struct entry *entry, uint32_t row, uint32_t *row_of,
                       hgr_status *status)
{
    struct hgr_diff_row *to = &diff->rows[row];
    uint64_t mt = entry->from.method_table_addr;
    to->side = diff->added;
    to->last_mt = mt;
    if (mt < to->least_mt)
        to->least_mt = mt;
    row_of[entry->type] = row;
    hgr_diff_amount *amount = &diff->row_amounts[(size_t)row * diff->sides + diff->added];
    amount->count += entry->from.count;
    amount->bytes += entry->from.bytes;
    diff->total[diff->added].count += entry->from.count;
    diff->total[diff->added].bytes += entry->from.bytes;
    return mt ? hgr_map_put(&diff->mt_index, hgr_diff_mt_key(mt, diff->added), row, status) : HGR_OK;
}

/* HGR_NOT_FOUND: no row of this name had that method table. */
static hgr_result take_by_address(hgr_diff *diff, const struct entry *entry, uint32_t first,
                                  uint32_t *row_of, hgr_status *status)
{
    for (uint32_t row = first; row != NO_ROW; row = diff->rows[row].next) {
        if (diff->rows[row].side == diff->added ||
            diff->rows[row].last_mt != entry->from.method_table_addr)
            continue;
        return take(diff, entry, row, row_of, status);
    }
    return HGR_NOT_FOUND;
}

/* The next row that nobody of this side has; a new one behind the last when there is none. */
static hgr_result take_next(hgr_diff *diff, const struct entry *entry, uint32_t first,
                            uint64_t key, bool fresh, uint32_t *row_of, hgr_status *status)
{
    uint32_t last = NO_ROW, made;
    for (uint32_t row = first; row != NO_ROW; row = diff->rows[row].next) {
        last = row;
        if (fresh || diff->rows[row].side == diff->added)
            continue;
        return take(diff, entry, row, row_of, status);
    }
    hgr_result result = make_row(diff, entry, &made, status);
    if (result == HGR_OK && last == NO_ROW)
        result = hgr_map_put(&diff->row_index, key, made, status);
    if (result != HGR_OK)
        return result;
    if (last != NO_ROW)
        diff->rows[last].next = made;
    return take(diff, entry, made, row_of, status);
}

/* Entries of one name and module. */
static hgr_result join_group(hgr_diff *diff, const struct entry *entries, size_t count,
                             uint32_t *row_of, hgr_status *status)
{
    uint64_t key;
    bool by_address = false;
    uint32_t first = find_rows(diff, &entries[0], &key);
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        result = take_by_address(diff, &entries[i], first, row_of, status);
        by_address |= result == HGR_OK;
        if (result == HGR_NOT_FOUND)
            result = HGR_OK;
    }
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        if (row_of[entries[i].type] != NO_ROW)
            continue;
        first = find_rows(diff, &entries[i], &key);
        result = take_next(diff, &entries[i], first, key, by_address, row_of, status);
    }
    return result;
}

hgr_result hgr_diff_join_types(hgr_diff *diff, const hgr_diff_view *view, uint32_t *row_of,
                               hgr_status *status)
{
    struct entry *entries = NULL;
    size_t count = view->ntypes;
    hgr_result result =
        hgr_alloc(diff->run, count, sizeof *entries, "types", &entries, status);
    if (result != HGR_OK)
        return result;
    for (uint32_t t = 0; t < count; t++) {
        row_of[t] = NO_ROW;
        view->type(view->user, t, &entries[t].from);
        entries[t].module = file_name(entries[t].from.module);
        entries[t].type = t;
    }
    if (count > 1)
        qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t first = 0, end; result == HGR_OK && first < count; first = end) {
        for (end = first + 1; end < count; end++)
            if (compare_names(entries[first].from.name, entries[first].module,
                              entries[end].from.name, entries[end].module) != 0)
                break;
        result = join_group(diff, &entries[first], end - first, row_of, status);
    }
    hgr_free(entries);
    return result;
}

/* ---- finish ---- */

struct sorted_row {
    struct hgr_diff_row row;
    uint32_t old;
};

static int compare_rows(const void *left, const void *right)
{
    const struct sorted_row *a = left, *b = right;
    int order = compare_names(a->row.type.name, a->row.type.module, b->row.type.name,
                              b->row.type.module);
    if (order != 0)
        return order;
    if (a->row.least_mt != b->row.least_mt)
        return a->row.least_mt < b->row.least_mt ? -1 : 1;
    return (a->old > b->old) - (a->old < b->old);
}

static void number_rows(struct sorted_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hgr_diff_type *type = &rows[i].row.type;
        const hgr_diff_type *before = i ? &rows[i - 1].row.type : NULL;
        bool again = before && strcmp(before->name, type->name) == 0 &&
                     strcmp(before->module, type->module) == 0;
        type->position = again ? before->position + 1 : 0;
        type->identity = hash_names(type->name, type->module, type->position);
    }
}

hgr_result hgr_diff_sort_types(hgr_diff *diff, uint32_t *new_of, hgr_status *status)
{
    struct sorted_row *rows = NULL;
    hgr_diff_amount *amounts = NULL;
    size_t count = diff->nrows, sides = diff->sides;
    hgr_result result = hgr_alloc(diff->run, count, sizeof *rows, "types", &rows, status);
    if (result == HGR_OK)
        result = hgr_alloc(diff->run, count * sides, sizeof *amounts, "types", &amounts, status);
    if (result != HGR_OK) {
        hgr_free(rows);
        return result;
    }
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct sorted_row){diff->rows[i], i};
    if (count > 1)
        qsort(rows, count, sizeof *rows, compare_rows);
    number_rows(rows, count);
    for (uint32_t i = 0; i < count; i++) {
        diff->rows[i] = rows[i].row;
        new_of[rows[i].old] = i;
        memcpy(&amounts[i * sides], &diff->row_amounts[rows[i].old * sides],
               sides * sizeof *amounts);
    }
    for (size_t i = 0; i < diff->mt_index.capacity; i++)
        if (diff->mt_index.keys[i] != 0)
            diff->mt_index.values[i] = new_of[diff->mt_index.values[i]];
    hgr_free(diff->row_amounts);
    diff->row_amounts = amounts;
    hgr_free(rows);
    return HGR_OK;
}
