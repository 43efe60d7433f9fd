/* heap: the inner loop of the walk, written once, compiled for each (pointer size, depth, width).
 *
 * walk_fast steps from object to object while everything is ordinary: method table known to this
 * thread, object inside the window and the segment, smaller than HGR_LARGE_BYTES, room in the
 * scratch, references that point into the heap. At the first thing that is not, it returns that
 * object's address, untouched: nothing of an object is counted before its references are seen to
 * be good. The careful step in walk.c then handles just this object.
 *
 * graph, wide and pointer_size are constants at every call, so each copy has no test of them. */
#ifndef HGR_HEAP_WALK_FAST_H
#define HGR_HEAP_WALK_FAST_H

#include "walk.h"

#define PREFETCH_BYTES 1536
#define HGR_INLINE     static inline __attribute__((always_inline))

/** Where references go, and how an address becomes a dense slot. */
typedef struct hgr_emit {
    const uint32_t *top;
    const uint32_t *leaves;
    uint64_t base_addr;
    void *refs;
} hgr_emit;

/* count slots from `slots` on to refs[at ..]; null and bad ones leave no trace. Returns the new
 * end. *nonnull counts what was not null, *marks collects the low bits. No branch but the loop's.
 */
HGR_INLINE size_t emit_run(const hgr_emit *emit, const uint8_t *slots, uint64_t count, size_t at,
                           uint64_t *nonnull, uint64_t *marks, const bool wide,
                           const uint32_t pointer_size)
{
    const unsigned slot_bits = pointer_size == 8 ? 3 : 2;
    const uint8_t *end = slots + count * pointer_size;
    for (; slots < end; slots += pointer_size) {
        uint64_t addr = hgr_load_ptr(slots, pointer_size);
        uint64_t off = addr - emit->base_addr;
        uint64_t top = off >> (HGR_GRANULE_BITS + HGR_LEAF_BITS);
        top = top < HGR_TOP_ENTRIES ? top : HGR_TOP_ENTRIES;
        uint32_t granule = emit->leaves[emit->top[top] +
                                        ((off >> HGR_GRANULE_BITS) & ((1u << HGR_LEAF_BITS) - 1))];
        uint64_t slot = ((uint64_t)granule << (HGR_GRANULE_BITS - slot_bits)) +
                        ((addr & (HGR_GRANULE_BYTES - 1)) >> slot_bits);
        if (wide)
            ((uint64_t *)emit->refs)[at] = slot;
        else
            ((uint32_t *)emit->refs)[at] = (uint32_t)slot; /* not wide: fewer than 2^32 slots */
        at += granule < HGR_NO_GRANULE;
        *nonnull += addr != 0;
        *marks |= addr;
    }
    return at;
}

/* Arrays of structs: runs and bytes to skip, repeated to the end. */
HGR_INLINE size_t emit_structs(const hgr_emit *emit, const hgr_shape *shape, const uint8_t *object,
                               uint64_t bytes, size_t at, uint64_t *nonnull, uint64_t *marks,
                               const bool wide, const uint32_t pointer_size)
{
    uint64_t off = shape->start, end = bytes > shape->tail_bytes ? bytes - shape->tail_bytes : 0;
    while (off < end)
        for (uint32_t i = 0; i < shape->nruns && off < end; i++) {
            uint64_t count = shape->runs[i].count, room = (end - off) / pointer_size;
            at = emit_run(emit, object + off, count < room ? count : room, at, nonnull, marks, wide,
                          pointer_size);
            off += count * pointer_size + shape->runs[i].offset;
        }
    return at;
}

/* All references of one object; the new end, or SIZE_MAX when one of them is bad or the kind is not
 * for here. */
HGR_INLINE size_t emit_object(const hgr_emit *emit, const hgr_type_slot *type,
                              const uint8_t *object, uint64_t bytes, size_t at, const bool wide,
                              const uint32_t pointer_size)
{
    uint64_t nonnull = 0, marks = 0;
    size_t end = at;
    if (type->kind == HGR_KIND_RUN) {
        end = emit_run(emit, object + type->offset, type->count, at, &nonnull, &marks, wide,
                       pointer_size);
    } else if (type->kind == HGR_KIND_ARRAY) {
        uint64_t rest =
            (uint64_t)type->offset + type->count; /* no slots: at the start, at the end */
        uint64_t count = bytes > rest ? (bytes - rest) / pointer_size : 0;
        end =
            emit_run(emit, object + type->offset, count, at, &nonnull, &marks, wide, pointer_size);
    } else if (type->kind == HGR_KIND_RUNS) {
        for (uint32_t i = 0; i < type->shape->nruns; i++)
            end = emit_run(emit, object + type->shape->runs[i].offset, type->shape->runs[i].count,
                           end, &nonnull, &marks, wide, pointer_size);
    } else if (type->kind == HGR_KIND_STRUCTS) {
        end = emit_structs(emit, type->shape, object, bytes, at, &nonnull, &marks, wide,
                           pointer_size);
    } else {
        return SIZE_MAX;
    }
    return end - at == nonnull && (marks & (pointer_size - 1)) == 0 ? end : SIZE_MAX;
}

HGR_INLINE hgr_emit make_emit(const hgr_walk *walk)
{
    return (hgr_emit){walk->objects->top, walk->objects->leaves, walk->objects->base_addr,
                      walk->out->refs};
}

/* A run of slots of a large object, all of it in the window: false, nothing changed, when one is
 * bad. */
HGR_INLINE bool emit_good_run(hgr_walk *walk, const uint8_t *slots, uint64_t count, const bool wide,
                              const uint32_t pointer_size)
{
    hgr_emit emit = make_emit(walk);
    uint64_t nonnull = 0, marks = 0;
    size_t at = walk->out->nrefs;
    size_t end = emit_run(&emit, slots, count, at, &nonnull, &marks, wide, pointer_size);
    if (end - at != nonnull || (marks & (pointer_size - 1)) != 0)
        return false;
    walk->out->nrefs = end;
    return true;
}

/* The type of a method table word that is not in its home slot: displaced, or with marks on it. */
static __attribute__((noinline)) hgr_type_slot *find_type(const hgr_walk *walk, uint64_t word)
{
    word &= walk->table_mask;
    return word ? hgr_type_cache_get(&walk->cache, word) : NULL;
}

static inline void touch(hgr_type_cache *cache, const hgr_type_slot *type)
{
    cache->touched[cache->ntouched++] = (uint32_t)(type - cache->slots);
}

/* The caller has made room for all objects and references that can begin in [addr, stop), and one
 * object more. */
HGR_INLINE uint64_t walk_fast(hgr_walk *walk, uint64_t addr, uint64_t stop, const bool graph,
                              const bool wide, const uint32_t pointer_size)
{
    const unsigned slot_bits = pointer_size == 8 ? 3 : 2;
    hgr_scratch *out = walk->out;
    hgr_type_slot *const slots = walk->cache.slots;
    const unsigned shift = walk->cache.shift;
    const uint64_t min_bytes = walk->source->min_bytes, align_mask = walk->align - 1;
    const uint64_t end_addr =
        walk->window.end_addr < walk->segment_end ? walk->window.end_addr : walk->segment_end;
    const uint8_t *const from = walk->window.bytes + (addr - walk->window.start_addr);
    const uint8_t *const last = from + (stop - addr), *const end = from + (end_addr - addr);
    const uint8_t *object = from;
    const uintptr_t granule = (uintptr_t)from - (addr & (HGR_GRANULE_BYTES - 1));
    hgr_item *item = out->items + out->nobjects;
    size_t nrefs = out->nrefs;
    uint64_t *const bits = out->bits;
    hgr_emit emit = {0};
    if (graph)
        emit = make_emit(walk);
    while (object < last) {
        /* The hardware's own prefetch ends at each page: worth 8 to 10 % when only types are
         * counted. The address need not exist. */
        __builtin_prefetch(object + PREFETCH_BYTES);
        uint64_t word = hgr_load_ptr(object, pointer_size);
        hgr_type_slot *type = &slots[(word * UINT64_C(0x9e3779b97f4a7c15)) >> shift];
        if (__builtin_expect(type->key != word, 0) && !(type = find_type(walk, word)))
            break;
        uint64_t bytes = type->base_size;
        if (type->component_size) {
            uint32_t components;
            memcpy(&components, object + pointer_size, sizeof components);
            bytes += (uint64_t)type->component_size * components;
            bytes = bytes > min_bytes ? bytes : min_bytes;
        }
        if (__builtin_expect(bytes >= HGR_LARGE_BYTES, 0))
            break;
        uint64_t advance = (bytes + align_mask) & ~align_mask;
        if (__builtin_expect(advance > (uint64_t)(end - object), 0))
            break;
        if (graph) {
            size_t refs = nrefs;
            if (type->kind != HGR_KIND_NONE) {
                refs = emit_object(&emit, type, object, bytes, nrefs, wide, pointer_size);
                if (__builtin_expect(refs == SIZE_MAX, 0))
                    break;
            }
            /* Free objects write the same words and are then overwritten: no branch to mispredict.
             */
            *item = (hgr_item){type->type, (uint32_t)bytes, (uint32_t)nrefs}; /* both below 2^32 */
            uint64_t slot = ((uintptr_t)object - granule) >> slot_bits;
            bits[slot >> 6] |= (uint64_t)type->is_node << (slot & 63);
            item += type->is_node;
            nrefs = refs;
        }
        if (__builtin_expect(type->nblock++ == 0, 0))
            touch(&walk->cache, type);
        type->bytes += bytes;
        object += advance;
    }
    if (graph) {
        out->nobjects = (size_t)(item - out->items);
        out->nrefs = nrefs;
    }
    out->walked_bytes += (uint64_t)(object - from);
    return addr + (uint64_t)(object - from);
}

#endif
