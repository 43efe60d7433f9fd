/* clr: code of precompiled (ReadyToRun) images. Part of clr_code.c's answer. */
#ifndef HGR_CLR_READY_H
#define HGR_CLR_READY_H

#include "clr_code.h"
#include "clr_functions.h"

/** What was read of all images so far. */
typedef struct hgr_clr_ready {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_map image_index; /* ReadyToRunInfo -> images[] */
    hgr_clr_functions *images;
    size_t nimages, images_capacity;
    hgr_map entries;   /* entry point -> methods[] */
    uint64_t *methods; /* MethodDescs */
    size_t nmethods, methods_capacity;
} hgr_clr_ready;

void hgr_clr_ready_init(hgr_clr_ready *ready, const hgr_runtime *runtime, const hgr_run *run);
void hgr_clr_ready_fini(hgr_clr_ready *ready);
/** Fill *out for an address in the image at base_addr whose Module is given; out stays as it is
 * when nothing is found. */
HGR_MUST_CHECK hgr_result hgr_clr_ready_find(hgr_clr_ready *ready, uint64_t module_addr,
                                             uint64_t base_addr, uint64_t ip, hgr_clr_code *out,
                                             hgr_status *status);

#endif
