/* clr: an image's table of functions: {begin, end, unwind}, on x86 {begin, unwind}. */
#include "clr_functions.h"

bool hgr_clr_function_word(const hgr_space *space, const hgr_clr_functions *functions,
                           uint32_t index, uint32_t word, uint32_t *out)
{
    uint32_t words = HGR_FUNCTION_WORDS;
    if (space->pointer_size != 8) { /* no word for the end */
        words--;
        if (word == HGR_FUNCTION_END && index + 1 >= functions->count) {
            *out = UINT32_MAX;
            return true;
        }
        if (word == HGR_FUNCTION_END)
            index++;
        word = word == HGR_FUNCTION_UNWIND ? 1 : 0;
    }
    return hgr_space_u32(space, functions->addr + 4 * ((uint64_t)index * words + word), out);
}

bool hgr_clr_function_find(const hgr_space *space, const hgr_clr_functions *functions,
                           uint64_t offset, uint32_t *out)
{
    uint32_t low = 0, high = functions->count, begin;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (!hgr_clr_function_word(space, functions, middle, HGR_FUNCTION_BEGIN, &begin))
            return false;
        if (begin <= offset)
            low = middle;
        else
            high = middle;
    }
    *out = low;
    return functions->count > 0;
}
