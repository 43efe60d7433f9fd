/* clr: an image's table of functions. Internal to this stage. */
#ifndef HGR_CLR_FUNCTIONS_H
#define HGR_CLR_FUNCTIONS_H

#include "clr.h"

/** RUNTIME_FUNCTIONs, ascending by where they begin. */
typedef struct hgr_clr_functions {
    uint64_t addr;
    uint32_t count;
} hgr_clr_functions;

/** Words of one; all are offsets into the image. */
enum { HGR_FUNCTION_BEGIN, HGR_FUNCTION_END, HGR_FUNCTION_UNWIND, HGR_FUNCTION_WORDS };

/** False when it is not in the dump. On x86 the end is where the next one begins, UINT32_MAX of the
 * last. */
bool hgr_clr_function_word(const hgr_space *space, const hgr_clr_functions *functions,
                           uint32_t index, uint32_t word, uint32_t *out);

/** The last function that begins at or before offset, the first when none does; false when the
 * table is empty or not in the dump. Cost: log2(count) reads. */
bool hgr_clr_function_find(const hgr_space *space, const hgr_clr_functions *functions,
                           uint64_t offset, uint32_t *out);

#endif
