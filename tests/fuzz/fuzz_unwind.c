/* fuzz: UNWIND_INFO at the start of memory, undone again and again; the stack lies in the same
 * memory. The first byte is where in the function the frame stands, the second where the stack is.
 */
#include "dump/unwind_info.h"
#include "flat_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct flat_memory flat;
    if (len < 2)
        return 0;
    flat_memory_make(&flat, bytes + 2, len - 2);
    hgr_unwind_function function = {FLAT_ADDR, FLAT_ADDR, FLAT_ADDR};
    hgr_registers registers =
        flat_registers(FLAT_ADDR + bytes[0], FLAT_ADDR + 8 * (uint64_t)bytes[1]);
    for (int steps = 0; steps < 64; steps++) {
        hgr_registers before = registers;
        if (!hgr_unwind_info_step(&flat.space, &function, HGR_CALLEE_SAVED_LINUX, &registers)) {
            if (memcmp(&before, &registers, sizeof before) != 0)
                abort(); /* a failed step leaves the frame as it was */
            break;
        }
        if (!hgr_register_known(&registers, HGR_RSP) ||
            registers.value[HGR_RSP] <= before.value[HGR_RSP])
            abort();
    }
    hgr_unwind_function found;
    bool leaf;
    (void)hgr_unwind_pe_function(&flat.space, FLAT_ADDR, FLAT_ADDR + bytes[0], &found, &leaf);
    flat_memory_free(&flat);
    return 0;
}
