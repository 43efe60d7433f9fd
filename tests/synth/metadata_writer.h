/* synth: writes ECMA-335 metadata and PE images byte by byte, for tests and fuzz corpora. Shares no layout with the reader.
 *
 * The caller says how wide each cell is: a row is a string of digits and as many values. Out of memory
 * shows in end's result; everything before it cannot fail. */
#ifndef SYNTH_METADATA_WRITER_H
#define SYNTH_METADATA_WRITER_H

#include <stddef.h>
#include <stdint.h>

typedef struct synth_metadata synth_metadata;

synth_metadata *synth_metadata_begin(void);
/** Heap-size flags of the table stream (1 strings, 2 GUIDs, 4 blobs wide; 0x40 extra data). */
void synth_metadata_heap_sizes(synth_metadata *md, uint8_t flags);
/** "#~" unless told "#-". Borrowed. */
void synth_metadata_tables_name(synth_metadata *md, const char *name);
/** Offset of a text in #Strings; "" is 0. */
uint32_t synth_metadata_string(synth_metadata *md, const char *text);
/** Offset of len bytes in #Blob, their length in front. */
uint32_t synth_metadata_blob(synth_metadata *md, const void *bytes, size_t len);
/** One row: widths "422" means three cells of 4, 2 and 2 bytes; as many uint32_t follow. */
void synth_metadata_row(synth_metadata *md, unsigned table, const char *widths, ...);
/** Say `rows` in the header whatever was written. */
void synth_metadata_lie(synth_metadata *md, unsigned table, uint32_t rows);
/** The metadata root; free() it. NULL on failure. */
uint8_t *synth_metadata_end(synth_metadata *md, size_t *out_len);

/**
 * A managed PE image around metadata, as it lies in memory: flat (as the file, sections at their file
 * offsets) or mapped (sections at their RVAs). wide: PE32+. free() it.
 */
uint8_t *synth_pe_image(const void *metadata, size_t len, int wide, int flat, size_t *out_len);

#endif
