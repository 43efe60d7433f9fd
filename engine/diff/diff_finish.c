/* diff: steps in the order they were met → paths in depth-first order by name, with sums; accessors.
 *
 * The order depends on names only, so a path has the same place whichever dump came first. */
#include "diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* XXH3_state_t on the stack */
#include <xxhash.h>

#include "../base/status.h"

/* A step as it is sorted: below its parent by name, field, module, position. */
struct sorted {
    const char    *name, *field; /* field NULL = jointly */
    uint32_t       parent, type, step;
};

static int compare_texts(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_steps(const void *left, const void *right)
{
    const struct sorted *a = left, *b = right;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    int order = compare_texts(a->name, b->name);
    if (order == 0)
        order = compare_texts(a->field, b->field);
    if (order == 0) /* rows are sorted by name, module, position */
        order = (a->type > b->type) - (a->type < b->type);
    return order;
}

static void describe_step(const hgr_diff *diff, const uint32_t *type_of, uint32_t step,
                          struct sorted *out)
{
    const struct hgr_diff_step *from = &diff->steps[step];
    *out = (struct sorted){.parent = from->parent, .type = from->type, .step = step};
    if (from->type == UINT32_MAX) {
        out->name = diff->texts[from->label];
        out->field = "";
        return;
    }
    out->type = type_of[from->type];
    out->name = diff->rows[out->type].type.name;
    out->field = from->label == HGR_DIFF_JOINT ? NULL : diff->texts[from->label];
}

static uint64_t identify(const hgr_diff *diff, const hgr_diff_path *path)
{
    uint64_t above = path->parent == HGR_DIFF_NO_PATH ? 0 : diff->paths[path->parent].identity;
    uint64_t type = path->type == UINT32_MAX ? 0 : diff->rows[path->type].type.identity;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    uint64_t numbers[2] = {above, type};
    XXH64_canonical_t bytes[2];
    for (int i = 0; i < 2; i++)
        XXH64_canonicalFromHash(&bytes[i], numbers[i]);
    XXH3_64bits_update(&state, bytes, sizeof bytes);
    XXH3_64bits_update(&state, path->name, strlen(path->name) + 1);
    XXH3_64bits_update(&state, path->field ? "." : "?", 1);
    if (path->field)
        XXH3_64bits_update(&state, path->field, strlen(path->field));
    return XXH3_64bits_digest(&state);
}

/* What the walk over the sorted steps needs: children of step s are sorted[first_child[s] ..). */
struct layout {
    struct sorted *sorted;
    uint32_t      *first_child; /* nsteps + 2 */
    uint32_t      *stack;       /* positions in sorted still to give out, last first */
    uint32_t      *path_of;     /* step -> path */
};

static void give_out(hgr_diff *diff, struct layout *layout)
{
    size_t sides = diff->sides, nstack = 0;
    layout->stack[nstack++] = 0; /* the top, the only step without parent, sorts last or first */
    while (nstack > 0) {
        const struct sorted *from = &layout->sorted[layout->stack[--nstack]];
        uint32_t at = diff->npaths++, first = layout->first_child[from->step];
        uint32_t end = layout->first_child[from->step + 1];
        hgr_diff_path *path = &diff->paths[at];
        *path = (hgr_diff_path){
            .parent = from->parent == HGR_DIFF_NO_PATH ? HGR_DIFF_NO_PATH
                                                       : layout->path_of[from->parent],
            .depth = diff->steps[from->step].depth,
            .children = end - first,
            .type = from->type,
            .field = from->field,
            .name = from->name,
        };
        path->identity = identify(diff, path);
        layout->path_of[from->step] = at;
        memcpy(&diff->path_own[at * sides], &diff->step_amounts[from->step * sides],
               sides * sizeof *diff->path_own);
        for (uint32_t child = end; child-- > first;)
            layout->stack[nstack++] = child;
    }
}

/* Parents come before their children, so sums flow up in reverse. */
static void sum_up(hgr_diff *diff)
{
    size_t sides = diff->sides;
    memcpy(diff->path_sums, diff->path_own, diff->npaths * sides * sizeof *diff->path_sums);
    for (uint32_t p = diff->npaths; p-- > 0;) {
        if (diff->path_next[p] < p + 1)
            diff->path_next[p] = p + 1;
        uint32_t parent = diff->paths[p].parent;
        if (parent == HGR_DIFF_NO_PATH)
            continue;
        if (diff->path_next[parent] < diff->path_next[p])
            diff->path_next[parent] = diff->path_next[p];
        for (size_t k = 0; k < sides; k++) {
            diff->path_sums[parent * sides + k].count += diff->path_sums[p * sides + k].count;
            diff->path_sums[parent * sides + k].bytes += diff->path_sums[p * sides + k].bytes;
        }
    }
}

static void lay_out(hgr_diff *diff, struct layout *layout, const uint32_t *type_of)
{
    uint32_t nsteps = (uint32_t)diff->nsteps;
    for (uint32_t s = 0; s < nsteps; s++) {
        describe_step(diff, type_of, s, &layout->sorted[s]);
        if (layout->sorted[s].parent != HGR_DIFF_NO_PATH)
            layout->first_child[layout->sorted[s].parent + 1]++;
    }
    /* Step 0, the top, has no parent: its number, the greatest, would sort last. */
    qsort(layout->sorted + 1, nsteps - 1, sizeof *layout->sorted, compare_steps);
    layout->first_child[0] = 1;
    for (uint32_t s = 0; s < nsteps; s++)
        layout->first_child[s + 1] += layout->first_child[s];
    give_out(diff, layout);
    sum_up(diff);
}

static hgr_result alloc_paths(hgr_diff *diff, struct layout *layout, hgr_status *status)
{
    const hgr_run *run = diff->run;
    size_t n = diff->nsteps, cells = n * diff->sides;
    hgr_result result =
        hgr_alloc(run, n, sizeof *layout->sorted, "owner paths", &layout->sorted, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, n + 1, sizeof(uint32_t), "paths", &layout->first_child, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, n, sizeof(uint32_t), "paths", &layout->stack, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, n, sizeof(uint32_t), "paths", &layout->path_of, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, n, sizeof *diff->paths, "paths", &diff->paths, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, cells, sizeof *diff->path_own, "paths", &diff->path_own, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, cells, sizeof *diff->path_sums, "paths", &diff->path_sums, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, n, sizeof *diff->path_next, "paths", &diff->path_next, status);
    return result;
}

hgr_result hgr_diff_finish(hgr_diff *diff, const hgr_run *run, hgr_status *status)
{
    struct layout layout = {0};
    uint32_t *type_of = NULL;
    if (diff->added < diff->sides || diff->finished)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "diff: %u of %u dumps were added", diff->added,
                        diff->sides);
    hgr_phase_timer timer = hgr_phase_begin(run, "diff finish");
    hgr_result result = hgr_alloc(run, diff->nrows, sizeof *type_of, "types", &type_of, status);
    if (result == HGR_OK)
        result = alloc_paths(diff, &layout, status);
    if (result == HGR_OK)
        result = hgr_diff_sort_types(diff, type_of, status);
    if (result == HGR_OK) {
        lay_out(diff, &layout, type_of);
        diff->finished = true;
        hgr_phase_end(&timer, 0, 0, 0);
    }
    hgr_free(layout.path_of);
    hgr_free(layout.stack);
    hgr_free(layout.first_child);
    hgr_free(layout.sorted);
    hgr_free(type_of);
    return result;
}

/* ---- accessors ---- */

uint32_t hgr_diff_sides(const hgr_diff *diff)
{
    return diff->sides;
}

const hgr_diff_amount *hgr_diff_total(const hgr_diff *diff)
{
    return diff->total;
}

uint32_t hgr_diff_types(const hgr_diff *diff)
{
    return (uint32_t)diff->nrows; /* at most HGR_DIFF_TYPES_MAX */
}

const hgr_diff_type *hgr_diff_type_get(const hgr_diff *diff, uint32_t type)
{
    return &diff->rows[type].type;
}

const hgr_diff_amount *hgr_diff_type_amounts(const hgr_diff *diff, uint32_t type)
{
    return &diff->row_amounts[(size_t)type * diff->sides];
}

uint32_t hgr_diff_type_at(const hgr_diff *diff, uint32_t side, uint64_t method_table_addr)
{
    return hgr_map_get(&diff->mt_index, hgr_diff_mt_key(method_table_addr, side));
}

uint32_t hgr_diff_paths(const hgr_diff *diff)
{
    return diff->npaths;
}

const hgr_diff_path *hgr_diff_path_get(const hgr_diff *diff, uint32_t path)
{
    return &diff->paths[path];
}

const hgr_diff_amount *hgr_diff_path_own(const hgr_diff *diff, uint32_t path)
{
    return &diff->path_own[(size_t)path * diff->sides];
}

const hgr_diff_amount *hgr_diff_path_sums(const hgr_diff *diff, uint32_t path)
{
    return &diff->path_sums[(size_t)path * diff->sides];
}

uint32_t hgr_diff_path_next(const hgr_diff *diff, uint32_t path)
{
    return diff->path_next[path];
}

/* ---- a path as text ---- */

struct writer {
    char  *buffer;
    size_t size, len;
};

static void write_text(struct writer *writer, const char *text)
{
    size_t len = strlen(text);
    if (writer->len < writer->size) {
        size_t room = writer->size - writer->len - 1, part = len < room ? len : room;
        memcpy(writer->buffer + writer->len, text, part);
        writer->buffer[writer->len + part] = '\0';
    }
    writer->len += len;
}

/* How the holder's text goes on before the next step: "._items → ", " → … → ", " → ". */
static void write_link(struct writer *writer, const hgr_diff_path *path)
{
    if (!path->field) {
        write_text(writer, " → … → ");
        return;
    }
    if (*path->field && *path->field != '(')
        write_text(writer, ".");
    else if (*path->field)
        write_text(writer, " ");
    write_text(writer, path->field);
    write_text(writer, " → ");
}

size_t hgr_diff_path_text(const hgr_diff *diff, uint32_t path, char *buffer, size_t size)
{
    struct writer writer = {buffer, size, 0};
    uint32_t steps[HGR_DIFF_DEPTH_MAX + 2], count = 0;
    if (size > 0)
        buffer[0] = '\0';
    for (uint32_t at = path; at != HGR_DIFF_NO_PATH && count < HGR_DIFF_DEPTH_MAX + 2;
         at = diff->paths[at].parent)
        if (at != HGR_DIFF_TOP || path == HGR_DIFF_TOP)
            steps[count++] = at;
    for (uint32_t i = count; i-- > 0;) {
        const hgr_diff_path *step = &diff->paths[steps[i]];
        if (i + 1 < count)
            write_link(&writer, step);
        write_text(&writer, step->name);
    }
    return writer.len;
}
