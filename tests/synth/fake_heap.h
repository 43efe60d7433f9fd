/* synth: fake heaps in memory that fulfil hgr_source: types, segments, objects, gaps, damage,
 * absent bytes.
 *
 * Build: types first, then segments in ascending order, objects into them, then finish. Failures of
 * the writer itself (out of memory, misuse) end the program: it is a test's tool. */
#ifndef HGR_SYNTH_FAKE_HEAP_H
#define HGR_SYNTH_FAKE_HEAP_H

#include "../../engine/heap/source.h"

typedef struct fake_heap fake_heap;

fake_heap *fake_heap_create(const hgr_run *run, uint32_t pointer_size);
void fake_heap_free(fake_heap *heap);

/** A method table; runs are copied. Returns its address. */
uint64_t fake_type(fake_heap *heap, const hgr_shape *shape, const hgr_slot_run *runs,
                   uint32_t nruns);
/** Types for the lazy: fixed size with `count` slots from offset on; array of references; array of
 * bytes; Free. */
uint64_t fake_type_fixed(fake_heap *heap, uint32_t base_size, uint32_t offset, uint32_t count);
uint64_t fake_type_references(fake_heap *heap);
uint64_t fake_type_bytes(fake_heap *heap, uint32_t base_size, uint32_t component_size);
uint64_t fake_type_free(fake_heap *heap);

/** A new segment at addr with room for `room` bytes; returns its index. */
size_t fake_segment(fake_heap *heap, uint64_t addr, uint64_t room, hgr_generation generation);
/** The next object of the newest segment: method table and component count written, the rest zero.
 * Returns its address. */
uint64_t fake_object(fake_heap *heap, uint64_t method_table_addr, uint64_t components);
/** Write a pointer at addr (inside any segment). */
void fake_pointer(fake_heap *heap, uint64_t addr, uint64_t value);
/** `bytes` bytes that are no object: an allocation context with stale content (a gap), or damage.
 */
void fake_gap(fake_heap *heap, uint64_t bytes, uint64_t content);
void fake_garbage(fake_heap *heap, uint64_t bytes, uint64_t content);
void fake_implied(fake_heap *heap, uint64_t from_addr, uint64_t to_addr);
/** What lies in [from, to) is not in the dump. Ascending, called before finish. */
void fake_absent(fake_heap *heap, uint64_t from_addr, uint64_t to_addr);
/** Memory below and from addr on does not lie side by side in the mapping. */
void fake_split(fake_heap *heap, uint64_t addr);
/** Bytes left in the newest segment; where its next object goes. */
uint64_t fake_room(const fake_heap *heap);
uint64_t fake_next(const fake_heap *heap);

/** Valid until the heap is freed. No changes afterwards but fake_pointer before the first finish.
 */
const hgr_source *fake_finish(fake_heap *heap);

#endif
