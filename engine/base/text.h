/* base: a growing text, for names. */
#ifndef HGR_BASE_TEXT_H
#define HGR_BASE_TEXT_H

#include "alloc.h"

/** {0} with run set is empty; hgr_text_fini frees. After a failed append `failed` stays true and further appends do nothing. */
typedef struct hgr_text {
    const hgr_run *run;
    char          *bytes; /* terminated when len > 0 */
    size_t         len, capacity;
    bool           failed; /* out of memory, or over HGR_TEXT_MAX */
} hgr_text;

#define HGR_TEXT_MAX (1u << 20) /* no name is longer; a longer one is hostile */

void hgr_text_init(hgr_text *text, const hgr_run *run);
void hgr_text_fini(hgr_text *text);
void hgr_text_clear(hgr_text *text);
/** Keep the first len bytes (no more than there are). */
void hgr_text_cut(hgr_text *text, size_t len);
void hgr_text_add(hgr_text *text, const char *bytes, size_t len);
void hgr_text_add_z(hgr_text *text, const char *terminated);
void hgr_text_format(hgr_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Always a terminated string, "" when empty. */
const char *hgr_text_get(const hgr_text *text);

#endif
