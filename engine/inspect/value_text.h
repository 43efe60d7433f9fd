/* inspect: what the writers of values share. Internal to this stage. */
#ifndef HGR_INSPECT_VALUE_TEXT_H
#define HGR_INSPECT_VALUE_TEXT_H

#include "inspector.h"

/** Appends the value's text; false when it has none (what was appended counts for nothing then). */
typedef bool (*hgr_value_writer)(hgr_inspector *inspector, const hgr_value *value, hgr_text *out,
                                 uint32_t depth);

/** The writer of a structure or class of that name (generic arguments cut off), NULL = none. */
hgr_value_writer hgr_value_writer_of(const char *type_name);
/** Append any value, at most `depth` levels below the first. */
bool hgr_add_value(hgr_inspector *inspector, const hgr_value *value, hgr_text *out, uint32_t depth);
/** Append one character as C# would write it between quotes. */
void hgr_add_escaped(hgr_text *out, uint32_t point, char quote);
void hgr_add_double(hgr_text *out, double value, bool is_single);

#endif
