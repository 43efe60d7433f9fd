/* fuzz: the JSON of an earlier diff, in place of a dump. */
#include <stdint.h>
#include <stdlib.h>

#include "diff_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What was taken adds up, or it would have been refused. */
static void check_sums(const hgr_diff *diff)
{
    uint64_t paths = 0, types = 0;
    for (uint32_t p = 0; p < hgr_diff_paths(diff); p++)
        paths += hgr_diff_path_own(diff, p)[0].bytes;
    for (uint32_t t = 0; t < hgr_diff_types(diff); t++)
        types += hgr_diff_type_amounts(diff, t)[0].bytes;
    if (paths != types || types != hgr_diff_total(diff)[0].bytes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char why[BASELINE_WHY] = "";
    diff_dump dump;
    hgr_run *run = NULL;
    hgr_diff *diff = NULL;
    if (hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    hgr_run_set_memory_limit(run, UINT64_C(64) << 20);
    if (hgr_diff_create(1, NULL, run, &diff, NULL) == HGR_OK) {
        int code = baseline_read((const char *)bytes, len, diff, run, &dump, why);
        if (code == EXIT_DONE && hgr_diff_finish(diff, run, NULL) == HGR_OK)
            check_sums(diff);
        else if (code != EXIT_DONE && why[0] == '\0')
            abort();
        hgr_diff_free(diff);
    }
    hgr_run_free(run);
    return 0;
}
