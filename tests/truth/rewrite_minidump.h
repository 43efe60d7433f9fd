/* truth: what an opened minidump holds, given to the writer of synth again: for doctored copies. */
#ifndef HGR_TESTS_TRUTH_REWRITE_MINIDUMP_H
#define HGR_TESTS_TRUTH_REWRITE_MINIDUMP_H

#include "dump/dump.h"
#include "synth/minidump_writer.h"

/** Is this module's memory left out? */
typedef bool rewrite_leaves_out(const hgr_module *module);

void rewrite_modules(synth_minidump *synth, const hgr_dump *dump);
/** All memory, but that of the modules that leaves_out names (NULL: none). */
void rewrite_memory(synth_minidump *synth, const hgr_dump *dump, rewrite_leaves_out *leaves_out);
void rewrite_areas(synth_minidump *synth, const hgr_dump *dump);

#endif
