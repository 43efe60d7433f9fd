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

#define HGR_INLINE static inline __attribute__((always_inline))

/** Where references go, and how an address becomes a dense slot. */
typedef struct hgr_emit {
    const uint32_t *top;
    const uint32_t *leaves;
    uint64_t        base_addr;
    uint32_t       *narrow;
    uint64_t       *wide;
} hgr_emit;

/* count slots from `slots` on to refs[at ..]; null and bad ones leave no trace. Returns the new end. *nonnull counts
 * what was not null, *marks collects the low bits. */
HGR_INLINE size_t emit_run(const hgr_emit *emit, const uint8_t *slots, uint64_t count, size_t at,
                           uint64_t *nonnull, uint64_t *marks, const bool wide,
                           const uint32_t pointer_size)
{
    const unsigned slot_bits = pointer_size == 8 ? 3 : 2;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t addr = hgr_load_ptr(slots + i * pointer_size, pointer_size);
        uint64_t off = addr - emit->base_addr;
        uint64_t top = off >> (HGR_GRANULE_BITS + HGR_LEAF_BITS);
        top = top < HGR_TOP_ENTRIES ? top : HGR_TOP_ENTRIES;
        uint32_t granule = emit->leaves[emit->top[top] + ((off >> HGR_GRANULE_BITS) &
                                                          ((1u << HGR_LEAF_BITS) - 1))];
        uint64_t slot = (((uint64_t)granule << HGR_GRANULE_BITS) | (addr & (HGR_GRANULE_BYTES - 1)))
                        >> slot_bits;
        if (wide)
            emit->wide[at] = slot;
        else
            emit->narrow[at] = (uint32_t)slot; /* not wide: fewer than 2^32 slots */
        at += granule != HGR_NO_GRANULE;
        *nonnull += addr != 0;
        *marks |= addr;
    }
    return at;
}

/* All references of one object; the new end, or SIZE_MAX when one of them is bad. */
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
        uint64_t space = (uint64_t)type->offset + type->count; /* no slots: at the start, at the end */
        uint64_t count = bytes > space ? (bytes - space) / pointer_size : 0;
        end = emit_run(emit, object + type->offset, count, at, &nonnull, &marks, wide,
                       pointer_size);
    } else if (type->kind == HGR_KIND_RUNS) {
        for (uint32_t i = 0; i < type->shape->nruns; i++)
            end = emit_run(emit, object + type->shape->runs[i].offset, type->shape->runs[i].count,
                           end, &nonnull, &marks, wide, pointer_size);
    }
    bool good = end - at == nonnull && (marks & (pointer_size - 1)) == 0;
    return good ? end : SIZE_MAX;
}

HGR_INLINE uint64_t walk_fast(hgr_walk *walk, uint64_t addr, uint64_t stop, const bool graph,
                              const bool wide, const uint32_t pointer_size)
{
    const unsigned slot_bits = pointer_size == 8 ? 3 : 2;
    hgr_scratch *out = walk->out;
    hgr_type_cache *cache = &walk->cache;
    const uint64_t mask = walk->table_mask;
    const uint64_t min_bytes = walk->source->min_bytes, align_mask = walk->align - 1;
    const uint64_t end = walk->window.end_addr < walk->segment_end ? walk->window.end_addr
                                                                   : walk->segment_end;
    const uint8_t *object = walk->window.bytes + (addr - walk->window.start_addr);
    hgr_emit emit = {0};
    size_t nobjects = out->nobjects, nrefs = out->nrefs, ntouched = cache->ntouched;
    size_t objects_end = 0, refs_end = 0;
    uint64_t padding = 0;
    if (graph) {
        emit = (hgr_emit){walk->objects->top, walk->objects->leaves, walk->objects->base_addr,
                          out->refs, out->refs};
        objects_end = out->object_capacity;
        /* No object that is walked here has more slots than this. */
        refs_end = out->ref_capacity - HGR_LARGE_BYTES / pointer_size;
    }
    while (addr < stop) {
        if (graph && (nobjects == objects_end || nrefs > refs_end))
            break;
        uint64_t key = (hgr_load_ptr(object, pointer_size) & mask) | 1;
        hgr_type_slot *type = &cache->slots[hgr_type_cache_home(cache, key)];
        if (__builtin_expect(type->key != key, 0)) {
            type = hgr_type_cache_get(cache, key);
            if (!type)
                break;
        }
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
        if (__builtin_expect(advance > end - addr, 0))
            break;
        if (graph) {
            if (__builtin_expect(type->kind == HGR_KIND_GENERAL, 0))
                break;
            size_t refs = nrefs;
            if (type->kind != HGR_KIND_NONE) {
                refs = emit_object(&emit, type, object, bytes, nrefs, wide, pointer_size);
                if (__builtin_expect(refs == SIZE_MAX, 0))
                    break;
            }
            /* Free objects write the same words and are then overwritten: no branch to mispredict. */
            out->type[nobjects] = type->type;
            out->bytes[nobjects] = (uint32_t)bytes; /* < HGR_LARGE_BYTES */
            out->first_ref[nobjects] = (uint32_t)nrefs;
            uint64_t slot = (addr & (HGR_GRANULE_BYTES - 1)) >> slot_bits;
            out->bits[slot >> 6] |= (uint64_t)type->is_node << (slot & 63);
            nobjects += type->is_node;
            nrefs = refs;
        }
        cache->touched[ntouched] = (uint32_t)(type - cache->slots);
        ntouched += type->nblock == 0;
        type->nblock++;
        type->bytes += bytes;
        padding += (advance - bytes) & -(uint64_t)type->is_node;
        object += advance;
        addr += advance;
    }
    cache->ntouched = ntouched;
    out->nobjects = nobjects;
    out->nrefs = nrefs;
    out->padding_bytes += padding;
    return addr;
}

#endif
