/* tools: the rows of `diff` that say most. */
#include "diff_answer.h"

#include <stdlib.h>

#include "pick.h"
#include "units.h"

const char *diff_signed(char buffer[48], int64_t value, bool bytes, bool human)
{
    char number[UNITS_TEXT];
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    units_bytes(number, size, bytes && human);
    snprintf(buffer, 48, "%s%s", value < 0 ? "-" : value > 0 ? "+" : "", number);
    return buffer;
}

int64_t diff_count_growth(const diff_answer *answer, const hgr_diff_amount *amounts)
{
    return (int64_t)(amounts[answer->sides - 1].count - amounts[0].count);
}

static bool changed(const diff_answer *answer, const hgr_diff_amount *amounts)
{
    if (answer->sides > 2)
        return hgr_diff_grew_always(answer->diff, amounts);
    return amounts[0].count != amounts[1].count || amounts[0].bytes != amounts[1].bytes;
}

diff_rows diff_pick_types(const diff_answer *answer, uint64_t limit, bool unchanged)
{
    diff_rows rows = {0};
    tool_pick pick;
    uint32_t ntypes = hgr_diff_types(answer->diff);
    pick_init(&pick, limit);
    for (uint32_t t = 0; t < ntypes; t++) {
        const hgr_diff_amount *amounts = hgr_diff_type_amounts(answer->diff, t);
        if (!unchanged && !changed(answer, amounts))
            continue;
        rows.total++;
        /* Signed to unsigned in the same order. */
        pick_add(&pick, (uint64_t)hgr_diff_growth(answer->diff, amounts) ^ UINT64_C(1) << 63, t);
    }
    pick_sort(&pick);
    rows.ids = must_alloc(pick.count + 1, sizeof *rows.ids);
    for (size_t i = 0; i < pick.count; i++)
        rows.ids[rows.count++] = pick.rows[i].id;
    pick_fini(&pick);
    return rows;
}

static uint64_t change(const diff_answer *answer, uint32_t path)
{
    int64_t growth = hgr_diff_growth(answer->diff, hgr_diff_path_sums(answer->diff, path));
    return growth < 0 ? 0 - (uint64_t)growth : (uint64_t)growth;
}

/* A path counts as much as it changed, but never more than the one above it: so those come first. */
diff_rows diff_pick_paths(const diff_answer *answer, uint64_t limit, bool unchanged)
{
    diff_rows rows = {0};
    tool_pick pick;
    uint32_t npaths = hgr_diff_paths(answer->diff);
    uint64_t *weight = must_alloc(npaths, sizeof *weight);
    pick_init(&pick, limit);
    for (uint32_t p = 0; p < npaths; p++) {
        const hgr_diff_path *path = hgr_diff_path_get(answer->diff, p);
        const hgr_diff_amount *sums = hgr_diff_path_sums(answer->diff, p);
        uint64_t above = p == HGR_DIFF_TOP ? UINT64_MAX : weight[path->parent];
        weight[p] = change(answer, p);
        if (answer->sides > 2 && p != HGR_DIFF_TOP && !hgr_diff_grew_always(answer->diff, sums))
            weight[p] = 0;
        if (p == HGR_DIFF_TOP || unchanged)
            weight[p] = UINT64_MAX;
        if (weight[p] > above)
            weight[p] = above;
        if (weight[p] == 0)
            continue;
        rows.total++;
        pick_add(&pick, weight[p], p); /* ties: the smaller number, so what is above */
    }
    pick_sort(&pick);
    for (uint32_t p = 0; p < npaths; p++)
        weight[p] = 0;
    for (size_t i = 0; i < pick.count; i++)
        weight[pick.rows[i].id] = 1;
    rows.ids = must_alloc(pick.count + 1, sizeof *rows.ids);
    for (uint32_t p = 0; p < npaths; p++)
        if (weight[p])
            rows.ids[rows.count++] = p;
    pick_fini(&pick);
    free(weight);
    return rows;
}
