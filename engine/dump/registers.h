/* dump: the general registers of one frame on x64, as unwinding knows them. */
#ifndef HGR_DUMP_REGISTERS_H
#define HGR_DUMP_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* The processor's own numbers, as in hgr_thread.registers. */
enum {
    HGR_RAX,
    HGR_RCX,
    HGR_RDX,
    HGR_RBX,
    HGR_RSP,
    HGR_RBP,
    HGR_RSI,
    HGR_RDI,
    HGR_R8,
    HGR_R12 = 12,
    HGR_R15 = 15,
    HGR_REGISTERS
};

/** Registers that a called function hands back as they were: rbx rbp rsp r12..r15; on Windows rsi
 * and rdi too. */
#define HGR_CALLEE_SAVED_LINUX   0xf038u
#define HGR_CALLEE_SAVED_WINDOWS 0xf0f8u

typedef struct hgr_registers {
    uint64_t ip;
    uint64_t value[HGR_REGISTERS];      /* of the known ones */
    uint64_t saved_addr[HGR_REGISTERS]; /* where a younger frame saved it, 0 = in the processor */
    uint16_t known;                     /* bit r: value[r] is what the frame has in it */
} hgr_registers;

static inline bool hgr_register_known(const hgr_registers *registers, uint32_t r)
{
    return r < HGR_REGISTERS && (registers->known >> r & 1);
}

static inline void hgr_register_set(hgr_registers *registers, uint32_t r, uint64_t value,
                                    uint64_t saved_addr)
{
    registers->value[r] = value;
    registers->saved_addr[r] = saved_addr;
    registers->known = (uint16_t)(registers->known | 1u << r);
}

#endif
