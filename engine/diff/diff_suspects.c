/* diff: which paths explain the growth, in few words.
 *
 * From each root that grew, the walk follows the heaviest growing step as long as it keeps half of
 * the root's growth. On that chain the accumulation point is the step below which the number of new
 * objects jumps most: one list, five thousand more entries. */
#include "diff.h"

#include <string.h>

#define NOISE_BYTES ((int64_t)16 << 10)
#define NOISE_SHARE 200 /* one 200th of the heap: 0.5 % */

int64_t hgr_diff_growth(const hgr_diff *diff, const hgr_diff_amount *amounts)
{
    /* Bytes of a heap stay far below 2^63: they are sums of what fits an address space. */
    return (int64_t)(amounts[diff->sides - 1].bytes - amounts[0].bytes);
}

bool hgr_diff_grew_always(const hgr_diff *diff, const hgr_diff_amount *amounts)
{
    for (uint32_t k = 1; k < diff->sides; k++)
        if (amounts[k].bytes <= amounts[k - 1].bytes)
            return false;
    return true;
}

static int64_t count_growth(const hgr_diff *diff, uint32_t path)
{
    const hgr_diff_amount *own = hgr_diff_path_own(diff, path);
    return (int64_t)(own[diff->sides - 1].count - own[0].count);
}

static int64_t growth(const hgr_diff *diff, uint32_t path)
{
    return hgr_diff_growth(diff, hgr_diff_path_sums(diff, path));
}

static int64_t above_zero(int64_t value)
{
    return value > 0 ? value : 0;
}

/* The child that grew most, or HGR_DIFF_NO_PATH; and how many more objects all children have. */
static uint32_t heaviest_child(const hgr_diff *diff, uint32_t path, int64_t *out_more)
{
    uint32_t best = HGR_DIFF_NO_PATH, child = path + 1;
    *out_more = 0;
    for (uint32_t i = 0; i < diff->paths[path].children; i++) {
        if (best == HGR_DIFF_NO_PATH || growth(diff, child) > growth(diff, best))
            best = child;
        *out_more += above_zero(count_growth(diff, child));
        child = diff->path_next[child];
    }
    return best;
}

static hgr_diff_suspect follow(const hgr_diff *diff, uint32_t root)
{
    hgr_diff_suspect suspect = {.root = root, .accumulation = root, .leaf = root};
    int64_t enough = growth(diff, root) / 2, more;
    double best = 0;
    for (uint32_t at = root, child; growth(diff, at) > enough; at = child) {
        child = heaviest_child(diff, at, &more);
        double jump = ((double)more + 1) / ((double)above_zero(count_growth(diff, at)) + 1);
        if (child == HGR_DIFF_NO_PATH)
            break;
        if (jump > best) {
            best = jump;
            suspect.accumulation = at;
            suspect.leaf = child;
            suspect.growth_count = more;
        }
    }
    suspect.growth_bytes = growth(diff, suspect.accumulation);
    return suspect;
}

/* Worth a line: above the noise and the eighth part of all that grew, so that a small one is not a suspect beside a large. */
static bool is_suspicious(const hgr_diff *diff, uint32_t root, int64_t all)
{
    int64_t noise = (int64_t)(diff->total[0].bytes / NOISE_SHARE);
    int64_t grown = growth(diff, root);
    return grown >= NOISE_BYTES && grown >= noise && grown >= all / 8 &&
           strcmp(diff->paths[root].name, "(unreachable)") != 0 &&
           hgr_diff_grew_always(diff, hgr_diff_path_sums(diff, root));
}

size_t hgr_diff_suspects(const hgr_diff *diff, hgr_diff_suspect out[HGR_DIFF_SUSPECTS])
{
    size_t count = 0;
    int64_t all = 0;
    uint32_t top = HGR_DIFF_TOP, root = top + 1;
    for (uint32_t i = 0; i < diff->paths[top].children; i++, root = diff->path_next[root])
        all += above_zero(growth(diff, root));
    root = top + 1;
    for (uint32_t i = 0; i < diff->paths[top].children; i++, root = diff->path_next[root]) {
        if (!is_suspicious(diff, root, all))
            continue;
        hgr_diff_suspect suspect = follow(diff, root);
        size_t at = count < HGR_DIFF_SUSPECTS ? count++ : HGR_DIFF_SUSPECTS;
        while (at > 0 && growth(diff, out[at - 1].root) < growth(diff, root)) {
            if (at < HGR_DIFF_SUSPECTS)
                out[at] = out[at - 1];
            at--;
        }
        if (at < HGR_DIFF_SUSPECTS)
            out[at] = suspect;
    }
    return count;
}
