/* fuzz: a hand-written runtime with some of its words overwritten: open it, read handles and
 * stacks.
 *
 * The input is a list of patches of 12 bytes: u32 where (modulo the process's memory), u64 what.
 * The first byte chooses workstation or server, regions or segments. */
#include <stdlib.h>
#include <string.h>

#include "unit/clr/fake_runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define PATCH_BYTES 12
#define MAX_PATCHES 512

/* What a walk relies on. */
static void check_promises(const hgr_runtime *runtime)
{
    for (size_t i = 0; i < runtime->nsegments; i++) {
        const hgr_segment *s = &runtime->segments[i];
        if (s->start_addr > s->end_addr || s->generation >= HGR_GENERATIONS ||
            s->heap >= runtime->gc.nheaps || (i > 0 && s[-1].end_addr > s->start_addr))
            abort();
    }
    for (size_t i = 0; i < runtime->ngaps; i++) {
        const hgr_gap *gap = &runtime->gaps[i];
        if (gap->start_addr >= gap->end_addr || (i > 0 && gap[-1].end_addr > gap->start_addr))
            abort();
    }
}

static void read_all(struct fake *fake)
{
    hgr_runtime *runtime = NULL;
    hgr_status status = {0};
    if (hgr_runtime_open(&fake->dump, NULL, fake->run, &runtime, &status) != HGR_OK) {
        if (status.text[0] == 0)
            abort();
        return;
    }
    check_promises(runtime);
    hgr_clr_handles handles = {0};
    hgr_clr_stack_word *words = NULL;
    size_t count = 0;
    if (hgr_clr_handles_read(runtime, fake->run, &handles, NULL) == HGR_OK)
        hgr_clr_handles_fini(&handles);
    if (hgr_clr_stack_words(runtime, fake->run, &words, &count, NULL) == HGR_OK)
        hgr_free(words);
    hgr_runtime_close(runtime);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fake fake;
    if (len == 0)
        return 0;
    fake_make(&fake, bytes[0] & (FAKE_SERVER | FAKE_SEGMENTS));
    for (size_t at = 1, i = 0; len - at >= PATCH_BYTES && i < MAX_PATCHES; at += PATCH_BYTES, i++) {
        uint32_t where;
        memcpy(&where, bytes + at, sizeof where);
        memcpy(fake.bytes + where % (FAKE_BYTES - 8), bytes + at + 4, 8);
    }
    fake_seal(&fake, 0, 0);
    read_all(&fake);
    fake_free(&fake);
    return 0;
}
