/* clr: code of native (NGEN) images. Part of clr_code.c's answer. */
#ifndef HGR_CLR_NATIVE_CODE_H
#define HGR_CLR_NATIVE_CODE_H

#include "clr_code.h"

/** Fill *out for an address in the image at base_addr whose Module is given; out stays as it is
 * when nothing is found. x86 only. */
void hgr_clr_native_find(const hgr_runtime *runtime, uint64_t module_addr, uint64_t base_addr,
                         uint64_t ip, hgr_clr_code *out);

#endif
