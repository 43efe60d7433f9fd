/* clr: a PE image mapped in the dumped process: exports and resources. Reads the dump's memory only. */
#ifndef HGR_CLR_PE_IMAGE_H
#define HGR_CLR_PE_IMAGE_H

#include "../dump/space.h"

enum { HGR_PE_MACHINE_X86 = 0x14c, HGR_PE_MACHINE_X64 = 0x8664, HGR_PE_MACHINE_ARM64 = 0xaa64 };

/** A data directory's entry; size 0 = absent. */
typedef struct hgr_pe_part {
    uint32_t rva, size;
} hgr_pe_part;

typedef struct hgr_pe_image {
    const hgr_space *space;
    uint64_t         base_addr;
    uint16_t         machine;      /* HGR_PE_MACHINE_...: tells 32 from 64 bit where the dump's own word is doubtful */
    uint32_t         timestamp, size_bytes;
    hgr_pe_part      exports, resources;
} hgr_pe_image;

/** false when there is no PE image at base, or its headers are not in the dump. */
bool hgr_pe_open(const hgr_space *space, uint64_t base_addr, hgr_pe_image *out);
/** The address that the image exports under a name; false when it does not, or the tables are absent. */
bool hgr_pe_export(const hgr_pe_image *image, const char *name, uint64_t *out_addr);
/** A resource of type RT_RCDATA by its (ASCII) name, in its first language. */
bool hgr_pe_resource(const hgr_pe_image *image, const char *name, uint64_t *out_addr,
                     uint32_t *out_bytes);
/** The file's version, four numbers, most significant first; false when the image has none. */
bool hgr_pe_file_version(const hgr_pe_image *image, uint16_t out[4]);

#endif
