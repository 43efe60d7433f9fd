/* snapshot: (object, which of its references) -> the field path or index that holds it; strings of the heap as text. */
#include "snapshot.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "../base/utf16.h"

/* The e-th reference of an object, found by visiting its slots the way the scan did. */
struct wanted {
    const hgr_heap *heap;
    uint32_t        left; /* references still to pass */
    uint64_t        slot_offset, value;
    bool            implied, found;
};

static bool pass_slot(void *user, uint64_t slot_offset, uint64_t value, bool implied)
{
    struct wanted *wanted = user;
    if (wanted->left-- > 0)
        return true;
    wanted->slot_offset = slot_offset;
    wanted->value = value;
    wanted->implied = implied;
    wanted->found = true;
    return false;
}

/* Names are cached as they are read, so one caller at a time; a call takes microseconds. */
static void lock_names(hgr_snapshot *snapshot)
{
    while (atomic_exchange_explicit(&snapshot->names_lock, 1, memory_order_acquire))
        sched_yield();
}

static void unlock_names(hgr_snapshot *snapshot)
{
    atomic_store_explicit(&snapshot->names_lock, 0, memory_order_release);
}

static void name_slot(hgr_snapshot *snapshot, hgr_node u, const struct wanted *wanted,
                      hgr_text *text)
{
    const hgr_shape *shape = &snapshot->heap->types[snapshot->heap->node_type[u]].shape;
    if (wanted->implied) {
        hgr_text_add_z(text, wanted->value == shape->implied_addr ? "(loader allocator)"
                                                                  : "(dependent handle)");
        return;
    }
    uint64_t addr = hgr_node_address(snapshot, u);
    lock_names(snapshot);
    bool named = hgr_clr_slot_name(snapshot->names, shape->method_table_addr, addr,
                                   wanted->slot_offset, text);
    unlock_names(snapshot);
    if (!named)
        hgr_text_format(text, "+0x%llx", (unsigned long long)wanted->slot_offset);
}

size_t hgr_reference_name(const hgr_snapshot *snapshot, hgr_node u, uint32_t e, char *buffer,
                          size_t size)
{
    struct wanted wanted = {.heap = snapshot->heap, .left = e};
    hgr_heap_visit_slots(snapshot->heap, &snapshot->source, u, pass_slot, &wanted);
    hgr_text text;
    hgr_text_init(&text, snapshot->run);
    if (wanted.found)
        name_slot((hgr_snapshot *)(uintptr_t)snapshot, u, &wanted, &text);
    int needed = snprintf(buffer, size, "%s", hgr_text_get(&text));
    hgr_text_fini(&text);
    return needed < 0 ? 0 : (size_t)needed;
}

bool hgr_snapshot_string(const hgr_snapshot *snapshot, uint64_t addr, uint32_t max, hgr_text *out)
{
    const hgr_space *space = snapshot->runtime->space;
    uint32_t length;
    if (addr == 0 || !hgr_space_u32(space, addr + space->pointer_size, &length))
        return false;
    if (length > max)
        length = max;
    if (length == 0)
        return true;
    const uint8_t *units =
        hgr_space_view(space, addr + space->pointer_size + 4, 2 * (uint64_t)length);
    if (!units)
        return false;
    for (size_t i = 0; i < length;) {
        char bytes[HGR_UTF8_MAX];
        hgr_text_add(out, bytes, hgr_utf8_put(bytes, hgr_utf16_next(units, length, &i)));
    }
    return true;
}
