/* heap: findings: all counted, the first thousand of each kind kept. */
#include "walk.h"

hgr_result hgr_finding_add(hgr_finding_list *findings, const hgr_run *run,
                           const hgr_finding *finding, hgr_status *status)
{
    findings->count[finding->kind]++;
    findings->bytes[finding->kind] += finding->bytes;
    if (findings->kept[finding->kind] == HGR_FINDINGS_KEPT)
        return HGR_OK;
    hgr_result result = hgr_grow(run, &findings->list, &findings->capacity, findings->nlist + 1,
                                 (size_t)HGR_FINDING_KINDS * HGR_FINDINGS_KEPT,
                                 sizeof *findings->list, "findings", status);
    if (result == HGR_OK) {
        findings->list[findings->nlist++] = *finding;
        findings->kept[finding->kind]++;
    }
    return result;
}

hgr_result hgr_finding_merge(hgr_finding_list *findings, const hgr_run *run,
                             const hgr_finding_list *more, hgr_status *status)
{
    for (size_t i = 0; i < more->nlist; i++) {
        hgr_finding_kind kind = more->list[i].kind;
        if (findings->kept[kind] == HGR_FINDINGS_KEPT)
            continue;
        /* Counted below, with those that were not kept. */
        findings->count[kind]--;
        findings->bytes[kind] -= more->list[i].bytes;
        hgr_result result = hgr_finding_add(findings, run, &more->list[i], status);
        if (result != HGR_OK)
            return result;
    }
    for (size_t k = 0; k < HGR_FINDING_KINDS; k++) {
        findings->count[k] += more->count[k];
        findings->bytes[k] += more->bytes[k];
    }
    return HGR_OK;
}
