/* fuzz: the data contract descriptor, once as JSON text, once as the memory it lies in. */
#include <stdlib.h>
#include <string.h>

#include "clr/clr_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BASE UINT64_C(0x10000)

/* A refused descriptor leaves everything as it was. */
static void check_untouched(hgr_result result, const hgr_clr_layout *layout,
                            const hgr_clr_globals *globals)
{
    static const hgr_clr_globals none;
    if (result != HGR_OK &&
        (memcmp(layout, hgr_clr_layout_find(10, "linux", 8), sizeof *layout) != 0 ||
         memcmp(globals, &none, sizeof none) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const uint64_t pointers[4] = {0, 16, 32, 48};
    hgr_clr_layout layout = *hgr_clr_layout_find(10, "linux", 8);
    hgr_clr_globals globals = {0};
    hgr_clr_contract contract;
    check_untouched(hgr_clr_descriptor_parse((const char *)bytes, len, pointers, 4, &layout,
                                             &globals, &contract, NULL),
                    &layout, &globals);
    hgr_run *run = NULL;
    if (len == 0 || hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    hgr_space space;
    hgr_space_init(&space, run, 8);
    hgr_range range = {.start_addr = BASE, .end_addr = BASE + len, .bytes = bytes};
    layout = *hgr_clr_layout_find(10, "linux", 8);
    globals = (hgr_clr_globals){0};
    if (hgr_space_add(&space, &range, NULL) == HGR_OK && hgr_space_seal(&space, NULL) == HGR_OK)
        check_untouched(
            hgr_clr_descriptor_read(&space, BASE, run, &layout, &globals, &contract, NULL), &layout,
            &globals);
    hgr_space_fini(&space);
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
    return 0;
}
