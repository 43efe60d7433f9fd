/* fuzz: signatures: one type after another until the bytes end or mean nothing. */
#include <stdlib.h>

#include "clr/clr_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static hgr_signature signature;
    hgr_cursor c = hgr_cursor_make(bytes, len, 0, HGR_AT_ADDR);
    while (hgr_cursor_left(&c) > 0) {
        size_t before = c.pos;
        if (hgr_signature_type(&c, &signature, NULL) != HGR_OK)
            break;
        if (c.pos <= before || signature.count == 0 || signature.count > HGR_SIGNATURE_MAX_NODES ||
            signature.nodes[0].end != signature.count)
            abort();
        for (uint32_t i = 0; i < signature.count; i++) /* subtrees lie inside the whole */
            if (signature.nodes[i].end <= i || signature.nodes[i].end > signature.count)
                abort();
    }
    return 0;
}
