/* heap: method table -> shape, shared and per thread.
 *
 * A shape comes from the dump by way of the source, so it is checked before the inner loop trusts
 * it: fixed slots must lie inside the smallest instance, ascend and not overlap, repetitions must
 * make progress. What fails is treated as a bad pointer map: no references, one finding. */
#include "types.h"

#include <sched.h>

#include "../base/status.h"

#define CACHE_FIRST 1024u

void hgr_types_init(hgr_types *types, const hgr_source *source, const hgr_run *run)
{
    *types = (hgr_types){.source = source, .run = run};
    atomic_init(&types->lock, 0);
    hgr_arena_init(&types->arena, run);
    hgr_map_init(&types->index, run);
}

void hgr_types_fini(hgr_types *types)
{
    hgr_free(types->shapes);
    hgr_map_fini(&types->index);
    hgr_arena_fini(&types->arena);
}

static bool runs_fit(const hgr_shape *shape, uint32_t pointer_size, uint32_t min_bytes)
{
    uint64_t end = pointer_size; /* the method table itself is no slot */
    uint64_t size = shape->base_size > min_bytes ? shape->base_size : min_bytes;
    for (uint32_t i = 0; i < shape->nruns; i++) {
        const hgr_slot_run *run = &shape->runs[i];
        if (run->offset < end)
            return false;
        end = run->offset + (uint64_t)run->count * pointer_size;
        if (end > size)
            return false;
    }
    return true;
}

static bool shape_is_sound(const hgr_shape *shape, uint32_t pointer_size, uint32_t min_bytes)
{
    uint64_t repeat = 0;
    switch (shape->slots) {
    case HGR_SLOTS_NONE:
        return true;
    case HGR_SLOTS_FIXED:
        return runs_fit(shape, pointer_size, min_bytes);
    case HGR_SLOTS_ARRAY:
        return shape->start >= pointer_size;
    case HGR_SLOTS_STRUCTS:
        for (uint32_t i = 0; i < shape->nruns; i++)
            repeat += (uint64_t)shape->runs[i].count * pointer_size + shape->runs[i].offset;
        return repeat > 0 && shape->start >= pointer_size;
    }
    return false;
}

/* Called with the lock held. */
static hgr_result describe(hgr_types *types, uint64_t addr, hgr_status *status)
{
    const hgr_source *source = types->source;
    hgr_shape shape = {0};
    hgr_result result = source->describe(source->self, addr, &shape, status);
    if (result == HGR_NOT_FOUND && types->refused < HGR_REFUSED_MAX) {
        types->refused++;
        hgr_result put = hgr_map_put(&types->index, addr, HGR_TYPE_REFUSED, status);
        return put == HGR_OK ? HGR_NOT_FOUND : put;
    }
    if (result != HGR_OK)
        return result;
    shape.method_table_addr = addr;
    if (shape.flags & HGR_SHAPE_BAD_GCDESC ||
        !shape_is_sound(&shape, source->space->pointer_size, source->min_bytes)) {
        shape.slots = HGR_SLOTS_NONE;
        shape.flags |= HGR_SHAPE_BAD_GCDESC;
    }
    result = hgr_grow(types->run, &types->shapes, &types->capacity, types->count + 1, HGR_TYPES_MAX,
                      sizeof *types->shapes, "types", status);
    if (result != HGR_OK)
        return result;
    hgr_shape *kept = hgr_arena_alloc(&types->arena, sizeof *kept, status);
    if (!kept)
        return HGR_NO_MEMORY;
    *kept = shape;
    result =
        hgr_map_put(&types->index, addr, (uint32_t)types->count, status); /* <= HGR_TYPES_MAX */
    if (result == HGR_OK)
        types->shapes[types->count++] = kept;
    return result;
}

hgr_result hgr_types_find(hgr_types *types, uint64_t method_table_addr, const hgr_shape **out,
                          uint32_t *out_type, hgr_status *status)
{
    hgr_result result = HGR_OK;
    if (method_table_addr == 0)
        return HGR_NOT_FOUND;
    /* Pairs with the release below: what one thread learnt, the next one sees. */
    while (atomic_exchange_explicit(&types->lock, 1, memory_order_acquire))
        sched_yield();
    uint32_t type = hgr_map_get(&types->index, method_table_addr);
    if (type == HGR_MAP_NONE) {
        result = describe(types, method_table_addr, status);
        type = result == HGR_OK ? (uint32_t)(types->count - 1) : HGR_TYPE_REFUSED;
    }
    if (type == HGR_TYPE_REFUSED) {
        if (result == HGR_OK)
            result = HGR_NOT_FOUND;
    } else {
        *out = types->shapes[type];
        *out_type = type;
    }
    atomic_store_explicit(&types->lock, 0, memory_order_release);
    return result;
}

/* capacity empty slots. */
static hgr_result empty_slots(const hgr_run *run, size_t capacity, hgr_type_slot **out,
                              hgr_status *status)
{
    hgr_result result = hgr_alloc(run, capacity, sizeof **out, "type cache", out, status);
    for (size_t s = 0; result == HGR_OK && s < capacity; s++)
        (*out)[s].base_size = UINT32_MAX;
    return result;
}

hgr_result hgr_type_cache_init(hgr_type_cache *cache, hgr_types *types, hgr_status *status)
{
    *cache = (hgr_type_cache){.types = types, .capacity = CACHE_FIRST, .shift = 64 - 10};
    hgr_result result = empty_slots(types->run, cache->capacity, &cache->slots, status);
    if (result == HGR_OK)
        result = hgr_grow(types->run, &cache->touched, &cache->touched_capacity, CACHE_FIRST,
                          HGR_TYPES_MAX, sizeof *cache->touched, "type cache", status);
    if (result != HGR_OK)
        hgr_type_cache_fini(cache);
    return result;
}

void hgr_type_cache_fini(hgr_type_cache *cache)
{
    hgr_free(cache->touched);
    hgr_free(cache->slots);
    *cache = (hgr_type_cache){.types = cache->types};
}

static hgr_type_slot *free_slot(hgr_type_cache *cache, uint64_t key)
{
    size_t at = hgr_type_cache_home(cache, key);
    while (cache->slots[at].key)
        at = (at + 1) & (cache->capacity - 1);
    return &cache->slots[at];
}

/* Keep half of the slots empty. Slots move: pointers to them and touched[] are renewed. */
static hgr_result widen(hgr_type_cache *cache, hgr_status *status)
{
    if (cache->count < cache->capacity / 2)
        return HGR_OK;
    hgr_type_cache wider = *cache;
    wider.capacity *= 2;
    wider.shift--;
    wider.slots = NULL;
    wider.ntouched = 0;
    hgr_result result =
        hgr_grow(cache->types->run, &cache->touched, &cache->touched_capacity, wider.capacity,
                 (size_t)HGR_TYPES_MAX * 4, sizeof *cache->touched, "type cache", status);
    if (result == HGR_OK)
        result = empty_slots(cache->types->run, wider.capacity, &wider.slots, status);
    if (result != HGR_OK)
        return result;
    wider.touched = cache->touched;
    wider.touched_capacity = cache->touched_capacity;
    for (size_t s = 0; s < cache->capacity; s++) {
        if (!cache->slots[s].key)
            continue;
        hgr_type_slot *slot = free_slot(&wider, cache->slots[s].key);
        *slot = cache->slots[s];
        if (slot->nblock)
            wider.touched[wider.ntouched++] = (uint32_t)(slot - wider.slots);
    }
    hgr_free(cache->slots);
    *cache = wider;
    return HGR_OK;
}

static void fill_slot(hgr_type_slot *slot, const hgr_shape *shape, uint32_t type,
                      uint32_t min_bytes)
{
    *slot = (hgr_type_slot){.key = shape->method_table_addr,
                            .base_size = shape->base_size,
                            .component_size = shape->component_size,
                            .type = type,
                            .kind = HGR_KIND_GENERAL,
                            .is_node = !(shape->flags & HGR_SHAPE_FREE),
                            .shape = shape};
    if (shape->component_size == 0 && slot->base_size < min_bytes)
        slot->base_size = min_bytes;
    if (shape->slots == HGR_SLOTS_NONE || shape->flags & HGR_SHAPE_FREE) {
        slot->kind = HGR_KIND_NONE;
    } else if (shape->slots == HGR_SLOTS_FIXED && shape->nruns == 1) {
        slot->kind = HGR_KIND_RUN;
        slot->offset = shape->runs[0].offset;
        slot->count = shape->runs[0].count;
    } else if (shape->slots == HGR_SLOTS_FIXED) {
        slot->kind = HGR_KIND_RUNS;
    } else if (shape->slots == HGR_SLOTS_ARRAY) {
        slot->kind = HGR_KIND_ARRAY;
        slot->offset = shape->start;
        slot->count = shape->tail_bytes;
    } else if (shape->slots == HGR_SLOTS_STRUCTS) {
        slot->kind = HGR_KIND_STRUCTS;
    }
    if (shape->implied_addr && slot->is_node)
        slot->kind = HGR_KIND_GENERAL;
}

hgr_result hgr_type_cache_find(hgr_type_cache *cache, uint64_t method_table_addr,
                               hgr_type_slot **out, hgr_status *status)
{
    if (method_table_addr == 0)
        return HGR_NOT_FOUND;
    hgr_type_slot *slot = hgr_type_cache_get(cache, method_table_addr);
    if (!slot) {
        const hgr_shape *shape;
        uint32_t type;
        hgr_result result = hgr_types_find(cache->types, method_table_addr, &shape, &type, status);
        if (result == HGR_OK)
            result = widen(cache, status);
        if (result != HGR_OK)
            return result;
        slot = free_slot(cache, method_table_addr);
        fill_slot(slot, shape, type, cache->types->source->min_bytes);
        cache->count++;
    }
    *out = slot;
    return HGR_OK;
}
