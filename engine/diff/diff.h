/* diff: what a diff holds while dumps are added and after it is finished. */
#ifndef HGR_DIFF_DIFF_H
#define HGR_DIFF_DIFF_H

#include <heapgraph/diff.h>
#include "../base/arena.h"
#include "../base/map.h"
#include "triples.h"

/** Types of all dumps together: more are hostile. */
#define HGR_DIFF_TYPES_MAX ((size_t)1 << 26)
/** Owner paths kept unless the caller says otherwise; each costs 64 bytes and 64 a side. */
#define HGR_DIFF_PATHS_DEFAULT 1000000u
/** Steps of one owner path before "(deeper)". */
#define HGR_DIFF_DEPTH_MAX 256u
/** Longest name of a root or a field that is kept whole. */
#define HGR_DIFF_NAME_MAX 4096u

/** A type of any side while sides are added. */
struct hgr_diff_row {
    hgr_diff_type type;  /* position and identity: finish */
    uint32_t      next;  /* row of the same name and module, or UINT32_MAX */
    uint32_t      side;  /* last side that had it */
    uint64_t      last_mt, least_mt; /* method tables: of that side; of all sides */
};

/** One step while sides are added; parents before children. */
struct hgr_diff_step {
    uint32_t parent, depth;
    uint32_t type;  /* row, or UINT32_MAX */
    uint32_t label; /* type rows: the field, HGR_DIFF_JOINT; others: their name */
};

#define HGR_DIFF_JOINT UINT32_MAX

struct hgr_diff {
    const hgr_run   *run;
    hgr_diff_options options;
    uint32_t         sides, added;
    bool             finished;
    hgr_arena        arena; /* names */
    hgr_map          text_index; /* hash of text -> texts[] */
    const char     **texts;
    size_t           ntexts, texts_capacity;

    hgr_map              row_index; /* hash of name and module -> first row */
    hgr_map              mt_index;  /* method table and side -> row */
    struct hgr_diff_row *rows;
    size_t               nrows, rows_capacity;
    hgr_diff_amount     *row_amounts; /* nrows x sides */
    size_t               row_amounts_capacity;

    hgr_triples           children; /* (parent, type, label) -> step */
    struct hgr_diff_step *steps;
    size_t                nsteps, steps_capacity;
    hgr_diff_amount      *step_amounts; /* nsteps x sides: own */
    size_t                step_amounts_capacity;
    uint32_t              depth_limit;

    hgr_diff_amount  total[HGR_DIFF_SIDES];
    /* finish: */
    hgr_diff_path   *paths;      /* depth-first */
    hgr_diff_amount *path_own, *path_sums; /* npaths x sides */
    uint32_t        *path_next;
    uint32_t         npaths;
};

/** The number of a text, kept once. */
HGR_MUST_CHECK hgr_result hgr_diff_intern(hgr_diff *diff, const char *text, size_t len,
                                          uint32_t *out, hgr_status *status);

/* ---- diff_types.c ---- */

/** XXH3-64 of the full name and the module's file name: a type across dumps. */
uint64_t hgr_diff_hash_type(const char *name, const char *module);

/** Key of mt_index; addresses have 57 bits at most, sides are 16. */
static inline uint64_t hgr_diff_mt_key(uint64_t method_table_addr, uint32_t side)
{
    return method_table_addr ^ (uint64_t)(side + 1) << 58;
}

/** Find or make the row of each type of the view: row_of[type]; add its count and bytes. */
HGR_MUST_CHECK hgr_result hgr_diff_join_types(hgr_diff *diff, const hgr_diff_view *view,
                                              uint32_t *row_of, hgr_status *status);
/** Sort rows by name, module, position; new_of[old row], for the steps. */
HGR_MUST_CHECK hgr_result hgr_diff_sort_types(hgr_diff *diff, uint32_t *new_of, hgr_status *status);

/* ---- owner_steps.c: the tree of steps ---- */

/** The step below `parent`, made if need be; HGR_DIFF_NO_PATH in *out when there are too many. */
HGR_MUST_CHECK hgr_result hgr_diff_step_below(hgr_diff *diff, uint32_t parent, uint32_t type,
                                              uint32_t label, uint32_t *out, hgr_status *status);
/** Step below parent for an object of this type: folds repetitions, ends in "(deeper)". */
HGR_MUST_CHECK hgr_result hgr_diff_step_on(hgr_diff *diff, uint32_t parent, uint32_t type,
                                           uint32_t label, uint32_t *out, hgr_status *status);
/** Too many steps: halve the depth. new_of[old step] is filled. */
HGR_MUST_CHECK hgr_result hgr_diff_cut_steps(hgr_diff *diff, uint32_t *new_of, hgr_status *status);

/** What the steps hold on the newest side must be what the types hold; else `bad`. */
HGR_MUST_CHECK hgr_result hgr_diff_check_sums(const hgr_diff *diff, hgr_result bad,
                                              hgr_status *status);

/* ---- owner_paths.c ---- */

/** Give every node of the view to a step and add its bytes there. */
HGR_MUST_CHECK hgr_result hgr_diff_add_paths(hgr_diff *diff, const hgr_diff_view *view,
                                             const uint32_t *row_of, const hgr_run *run,
                                             hgr_status *status);

#endif
