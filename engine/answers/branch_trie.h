/* answers: the trie that merged root paths are folded into. */
#ifndef HGR_ANSWERS_BRANCH_TRIE_H
#define HGR_ANSWERS_BRANCH_TRIE_H

#include <heapgraph/answers.h>
#include "../base/alloc.h"

#define HGR_BRANCH_TOP UINT32_MAX /* parent of the branches at the top */

/** A branch under construction. Its parent always has a smaller number. */
struct hgr_trie_branch {
    hgr_branch branch;
    uint64_t   label;
};

/** Zero, set run; hgr_trie_fini. */
struct hgr_trie {
    const hgr_run          *run;
    struct hgr_trie_branch *branches;
    size_t                  count, capacity;
    uint32_t               *slots; /* open addressing over (parent, label): branch + 1, 0 = empty */
    size_t                  nslots;
};

void hgr_trie_fini(struct hgr_trie *trie);

/** The branch below `parent` with `label`; made on first sight, its other fields then as in
 * `fresh`. */
HGR_MUST_CHECK hgr_result hgr_trie_child(struct hgr_trie *trie, uint32_t parent, uint64_t label,
                                         const hgr_branch *fresh, uint32_t *out_branch,
                                         hgr_status *status);

/** Sum counts and bytes up to the parents; call once, after the last child. */
void hgr_trie_sum_up(struct hgr_trie *trie);

/** Depth first, children by descending bytes, then label; parents renumbered. out: trie->count
 * rows. */
HGR_MUST_CHECK hgr_result hgr_trie_flatten(const struct hgr_trie *trie, hgr_branch *out,
                                           hgr_status *status);

#endif
