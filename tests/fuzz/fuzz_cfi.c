/* fuzz: .eh_frame_hdr at the start of memory, its entries and the stack behind it; then the same
 * bytes as one DWARF expression, and as the headers of an ELF image. The first two bytes are where
 * the frame stands and where its stack is. */
#include "dump/cfi.h"
#include "flat_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct flat_memory flat;
    bool exact = true;
    uint64_t value;
    if (len < 2)
        return 0;
    flat_memory_make(&flat, bytes + 2, len - 2);
    hgr_registers registers =
        flat_registers(FLAT_ADDR + bytes[0], FLAT_ADDR + 8 * (uint64_t)bytes[1]);
    for (int steps = 0; steps < 16 && registers.ip != 0; steps++) {
        hgr_registers before = registers;
        if (!hgr_cfi_step(&flat.space, FLAT_ADDR, exact, &registers, &exact)) {
            if (memcmp(&before, &registers, sizeof before) != 0)
                abort();
            break;
        }
        if (registers.value[HGR_RSP] <= before.value[HGR_RSP])
            abort();
    }
    value = FLAT_ADDR;
    (void)hgr_cfi_evaluate(&flat.space, hgr_cursor_make(bytes, len, 0, HGR_AT_ADDR), &registers,
                           &value, &value);
    (void)hgr_cfi_header(&flat.space, FLAT_ADDR);
    flat_memory_free(&flat);
    return 0;
}
