/* clr: the pointer map in front of a MethodTable, turned into the scanner's terms. */
#ifndef HGR_CLR_GCDESC_H
#define HGR_CLR_GCDESC_H

#include "../heap/source.h"
#include "../base/arena.h"

/** More series than this are hostile: a pointer map names runs of fields, and classes are written
 * by people. */
#define HGR_GCDESC_MAX_RUNS 65536u

/**
 * Read the pointer map before the method table of shape (method_table_addr, base_size and
 * component_size are set) and fill slots, start, tail_bytes, runs.
 *
 * Values   a map that cannot be (runs outside the object, overlapping, not aligned to pointers,
 *          counts over the limit, absent bytes) leaves HGR_SLOTS_NONE and sets
 * HGR_SHAPE_BAD_GCDESC. Errors   HGR_NO_MEMORY only. Owner    runs live in arena.
 */
HGR_MUST_CHECK hgr_result hgr_gcdesc_read(const hgr_space *space, hgr_arena *arena,
                                          hgr_shape *shape, hgr_status *status);

#endif
