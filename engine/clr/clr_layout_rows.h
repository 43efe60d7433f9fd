/* clr: the tables that hgr_clr_layout_find looks through, one file per system. */
#ifndef HGR_CLR_CLR_LAYOUT_ROWS_H
#define HGR_CLR_CLR_LAYOUT_ROWS_H

#include <stddef.h>
#include "clr_layout.h"

typedef struct hgr_clr_layout_row {
    const char    *os;
    uint32_t       pointer_size;
    hgr_clr_layout layout;
} hgr_clr_layout_row;

extern const hgr_clr_layout_row HGR_CLR_WINDOWS_ROWS[], HGR_CLR_EARLY_ROWS[],
    HGR_CLR_PARTIAL_ROWS[];
extern const size_t             HGR_CLR_WINDOWS_ROW_COUNT, HGR_CLR_EARLY_ROW_COUNT,
    HGR_CLR_PARTIAL_ROW_COUNT;

#endif
