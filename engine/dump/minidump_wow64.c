/* dump: a 32-bit process of 64-bit Windows (wow64) that a 64-bit tool dumped.
 *
 * Input: a sealed dump whose SystemInfo says x64. Its addresses are 64 bits wide, its contexts
 * AMD64, and wow64.dll is among its modules, yet the program's code and data are those of a 32-bit
 * process. The PE header of the runtime decides; where the dump lacks it, wow64.dll does, which no
 * 64-bit process loads. Output: pointer size and CPU of the program, and the x86 registers of each
 * thread, which Windows keeps in memory while 64-bit code runs: the second TLS slot of the 64-bit
 * TEB points at {u16 flags, u16 machine, x86 CONTEXT}; the TEB's first word is the 32-bit TEB. A
 * thread for which the dump lacks them has no registers: the 64-bit ones say nothing about the
 * program's stack. */
#include "minidump.h"

#include <strings.h>

#include "image.h"

enum {
    MACHINE_X86 = 0x14c,
    TEB_TLS_SLOT_1 = 0x1488, /* of the 64-bit TEB */
    CPU_AREA_HEADER = 4,     /* flags, machine */
    CONTEXT_BYTES = 204,     /* of an x86 CONTEXT, up to its extended registers */
    TEB32_STACK_BASE = 4,
    TEB32_SELF = 0x18
};

static bool is_called(const hgr_module *module, const char *name)
{
    const char *slash = strrchr(module->path, '\\');
    return strcasecmp(slash ? slash + 1 : module->path, name) == 0;
}

static bool has_module(const struct hgr_dump *dump, const char *name)
{
    for (size_t i = 0; i < dump->nmodules; i++)
        if (is_called(&dump->modules[i], name))
            return true;
    return false;
}

static bool is_32_bit(const struct hgr_dump *dump)
{
    static const char *const runtimes[] = {"coreclr.dll", "clr.dll", "mscorwks.dll"};
    for (size_t i = 0; i < dump->nmodules; i++)
        for (size_t r = 0; r < sizeof runtimes / sizeof runtimes[0]; r++) {
            hgr_image image;
            if (!is_called(&dump->modules[i], runtimes[r]))
                continue;
            hgr_image_read(
                &(hgr_image_source){.space = &dump->space, .base = dump->modules[i].base_addr},
                &image);
            if (image.kind == HGR_IMAGE_PE)
                return image.machine == MACHINE_X86;
        }
    return has_module(dump, "wow64.dll");
}

/* The 32-bit TEB, which knows its own address; 0 when the dump has none. */
static uint64_t narrow_teb(const hgr_space *space, uint64_t wide_teb)
{
    uint64_t teb;
    uint32_t self;
    if (!hgr_space_u64(space, wide_teb, &teb) || teb > UINT32_MAX ||
        !hgr_space_u32(space, teb + TEB32_SELF, &self) || self != teb)
        return 0;
    return teb;
}

/* The registers that the 32-bit code had when it last called into 64-bit code. */
static void take_registers(const hgr_space *space, uint64_t wide_teb, hgr_thread *thread)
{
    uint64_t area;
    uint16_t machine;
    uint8_t context[CONTEXT_BYTES];
    if (hgr_space_u64(space, wide_teb + TEB_TLS_SLOT_1, &area) && area != 0 &&
        hgr_space_u16(space, area + 2, &machine) &&
        (machine == MACHINE_X86 || machine == 0) && /* 0: Windows 7 keeps four bytes of flags */
        hgr_space_read(space, area + CPU_AREA_HEADER, context, sizeof context))
        hgr_minidump_x86_registers(context, thread);
}

static void narrow_thread(const hgr_space *space, hgr_thread *thread)
{
    uint64_t wide_teb = thread->teb_addr;
    uint32_t stack_base;
    thread->nregisters = 0;
    thread->ip = thread->sp = thread->fp = 0;
    thread->stack_start_addr = thread->stack_end_addr = 0;
    memset(thread->registers, 0, sizeof thread->registers);
    thread->teb_addr = wide_teb ? narrow_teb(space, wide_teb) : 0;
    if (wide_teb)
        take_registers(space, wide_teb, thread);
    if (thread->teb_addr && thread->sp &&
        hgr_space_u32(space, thread->teb_addr + TEB32_STACK_BASE, &stack_base) &&
        stack_base > thread->sp) {
        thread->stack_start_addr = thread->sp;
        thread->stack_end_addr = stack_base;
    }
}

hgr_result hgr_minidump_settle(struct hgr_dump *dump, hgr_status *status)
{
    (void)status;
    if (dump->info.pointer_size != 8 || !is_32_bit(dump))
        return HGR_OK;
    dump->info.wow64 = true;
    dump->info.cpu = "x86";
    dump->info.pointer_size = dump->space.pointer_size = 4;
    for (size_t i = 0; i < dump->nthreads; i++)
        narrow_thread(&dump->space, &dump->threads[i]);
    return HGR_OK;
}
