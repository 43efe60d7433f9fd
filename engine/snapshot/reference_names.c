/* snapshot: (object, which of its references) -> the field path or index that holds it; strings of the heap as text. */
#include "snapshot.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

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

static void add_utf8(hgr_text *out, uint32_t code)
{
    char bytes[4];
    size_t len = 0;
    if (code < 0x80) {
        bytes[len++] = (char)code;
    } else if (code < 0x800) {
        bytes[len++] = (char)(0xc0 | code >> 6);
        bytes[len++] = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        bytes[len++] = (char)(0xe0 | code >> 12);
        bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[len++] = (char)(0x80 | (code & 0x3f));
    } else {
        bytes[len++] = (char)(0xf0 | code >> 18);
        bytes[len++] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[len++] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[len++] = (char)(0x80 | (code & 0x3f));
    }
    hgr_text_add(out, bytes, len);
}

bool hgr_snapshot_string(const hgr_snapshot *snapshot, uint64_t addr, uint32_t max, hgr_text *out)
{
    const hgr_space *space = snapshot->runtime->space;
    uint32_t length;
    if (addr == 0 || !hgr_space_u32(space, addr + space->pointer_size, &length))
        return false;
    if (length > max)
        length = max;
    uint64_t at = addr + space->pointer_size + 4;
    for (uint32_t i = 0; i < length; i++) {
        uint16_t unit, low;
        if (!hgr_space_u16(space, at + 2 * (uint64_t)i, &unit))
            return false;
        uint32_t code = unit;
        bool high = unit >= 0xd800 && unit < 0xdc00;
        if (high && i + 1 < length && hgr_space_u16(space, at + 2 * (uint64_t)i + 2, &low) &&
            low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
            i++;
        } else if (unit >= 0xd800 && unit < 0xe000) {
            code = 0xfffd; /* half of a surrogate pair */
        }
        add_utf8(out, code);
    }
    return true;
}
