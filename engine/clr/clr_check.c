/* clr: self checks at open: do the offsets that were chosen make sense of this very dump?
 *
 * Input: a runtime whose layout, globals, segments or threads are filled. Output: an error where
 * the heap itself could not be read rightly, a warning where only names, statics or threads suffer.
 */
#include "clr_open.h"

#include "../base/status.h"
#include "clr_limits.h"
#include "clr_module_files.h"
#include "method_table.h"

#define HAS_COMPONENT_SIZE UINT32_C(0x80000000)
#define SAMPLED_SEGMENTS   256u

struct type_head {
    uint32_t flags, base_size;
    uint64_t parent;
};

static bool read_type(const hgr_runtime *runtime, uint64_t addr, struct type_head *out)
{
    const hgr_space *space = runtime->space;
    return addr % space->pointer_size == 0 && hgr_space_u32(space, addr, &out->flags) &&
           hgr_space_u32(space, addr + 4, &out->base_size) &&
           hgr_space_ptr(space, addr + runtime->layout.mt_parent, &out->parent);
}

bool hgr_clr_looks_like_type(const hgr_runtime *runtime, uint64_t addr)
{
    if (addr == 0)
        return false;
    if (addr == runtime->free_mt)
        return true;
    for (uint32_t depth = 0; depth < HGR_CLR_MAX_PARENTS; depth++) {
        struct type_head type;
        if (addr == runtime->object_mt)
            return true;
        if (addr == 0 || !read_type(runtime, addr, &type) ||
            type.base_size < 2 * runtime->space->pointer_size)
            return false; /* a string's is 2 pointers and 6 bytes */
        addr = type.parent;
    }
    return false;
}

static hgr_result fail_absent(const char *what, uint64_t addr, hgr_status *status)
{
    return hgr_fail_addr(status, HGR_TRUNCATED, addr, "%s: not in the dump", what);
}

static hgr_result fail_shape(const hgr_runtime *runtime, const char *what, uint64_t addr,
                             const struct type_head *type, hgr_status *status)
{
    return hgr_fail_addr(status, HGR_BAD_DATA, addr,
                         "%s: no method table at 0x%llx (flags 0x%x, base size %u) with the "
                         "layout of %s",
                         what, (unsigned long long)addr, type->flags, type->base_size,
                         runtime->layout.name);
}

/* Header, method table, length and the terminating zero; before 2.1 on 64 bit with 4 bytes of
 * padding. */
static bool is_string_base(uint32_t base_size, uint32_t pointer_size)
{
    return base_size == 2 * pointer_size + 6 || (pointer_size == 8 && base_size == 26);
}

hgr_result hgr_clr_check_types(const hgr_runtime *runtime, hgr_status *status)
{
    uint32_t p = runtime->space->pointer_size;
    struct type_head object, string, free_type;
    if (!read_type(runtime, runtime->object_mt, &object))
        return fail_absent("System.Object's method table", runtime->object_mt, status);
    if ((object.flags & HAS_COMPONENT_SIZE) || object.base_size != 3 * p || object.parent != 0)
        return fail_shape(runtime, "System.Object", runtime->object_mt, &object, status);
    if (!read_type(runtime, runtime->string_mt, &string))
        return fail_absent("System.String's method table", runtime->string_mt, status);
    if (!(string.flags & HAS_COMPONENT_SIZE) || (string.flags & 0xffff) != 2 ||
        !is_string_base(string.base_size, p) || string.parent != runtime->object_mt)
        return fail_shape(runtime, "System.String", runtime->string_mt, &string, status);
    if (!read_type(runtime, runtime->free_mt, &free_type))
        return fail_absent("the method table of Free objects", runtime->free_mt, status);
    if (!(free_type.flags & HAS_COMPONENT_SIZE) || (free_type.flags & 0xffff) != 1 ||
        free_type.base_size != 3 * p)
        return fail_shape(runtime, "Free", runtime->free_mt, &free_type, status);
    return HGR_OK;
}

static hgr_result check_name(const hgr_runtime *runtime, const hgr_metadata *metadata,
                             uint64_t type_addr, const char *expected, hgr_status *status)
{
    const char *seen = "";
    size_t len = 0;
    hgr_method_table type;
    if (!hgr_method_table_read(runtime, type_addr, &type))
        return fail_absent(expected, type_addr, status);
    if (hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, type.rid, HGR_TYPE_DEF_NAME, &seen,
                            &len) &&
        strcmp(seen, expected) == 0)
        return HGR_OK;
    return hgr_fail_addr(status, HGR_BAD_DATA, type_addr,
                         "System.%s: row %u of its metadata is \"%.64s\" with the layout of %s",
                         expected, type.rid, seen, runtime->layout.name);
}

hgr_result hgr_clr_check_module(const hgr_runtime *runtime, hgr_metadata *out, hgr_status *status)
{
    static const char what[] = "metadata of the core library";
    uint64_t module, base;
    char magic[2];
    hgr_metadata_place place;
    if (!hgr_clr_link(runtime, runtime->object_mt + runtime->layout.mt_module, &module))
        return fail_absent(what, runtime->object_mt, status);
    if (!hgr_clr_module_base(runtime, module, &base))
        return fail_absent(what, module, status);
    bool has_image = hgr_space_read(runtime->space, base, magic, sizeof magic);
    if (has_image && memcmp(magic, "MZ", 2) != 0)
        return hgr_fail_addr(status, HGR_BAD_DATA, base,
                             "System.Object's module: no image at 0x%llx with the layout of %s",
                             (unsigned long long)base, runtime->layout.name);
    const uint8_t *bytes = NULL;
    size_t len = 0;
    hgr_result result = HGR_OK;
    place.addr = base;
    if ((has_image && hgr_metadata_locate(runtime->space, base, &place, NULL) == HGR_OK) ||
        hgr_clr_metadata_search(runtime, base, &place)) {
        bytes = hgr_space_view(runtime->space, place.addr, place.bytes);
        len = place.bytes;
    } else if (!has_image) {
        result = hgr_clr_metadata_from_file(runtime, module, base, &bytes, &len, status);
    }
    if (result != HGR_OK)
        return result;
    if (!bytes || hgr_metadata_parse(bytes, len, place.addr, out, NULL) != HGR_OK)
        return fail_absent(what, place.addr, status);
    result = check_name(runtime, out, runtime->object_mt, "Object", status);
    return result != HGR_OK ? result
                            : check_name(runtime, out, runtime->string_mt, "String", status);
}

void hgr_clr_check_threads(hgr_runtime *runtime)
{
    size_t strangers = 0;
    uint32_t example = 0;
    for (size_t i = 0; i < runtime->nthreads; i++) {
        const hgr_clr_thread *thread = &runtime->threads[i];
        if (thread->os_thread || thread->os_id == 0)
            continue;
        strangers++;
        example = thread->os_id;
    }
    if (strangers > 0)
        hgr_runtime_warn(runtime,
                         "%zu managed threads have an OS id that the dump does not know, such as "
                         "%u: their stacks are not searched",
                         strangers, example);
}

static bool gap_starts_at(const hgr_runtime *runtime, uint64_t addr)
{
    for (size_t i = 0; i < runtime->ngaps; i++)
        if (runtime->gaps[i].start_addr == addr)
            return true;
    return false;
}

static bool first_object_possible(const hgr_runtime *runtime, const hgr_segment *segment)
{
    uint64_t word;
    if (segment->start_addr == segment->end_addr ||
        !hgr_space_ptr(runtime->space, segment->start_addr, &word))
        return true; /* empty, or absent: counted in absent_bytes */
    uint64_t marks = runtime->space->pointer_size - 1;
    return hgr_clr_looks_like_type(runtime, word & ~marks) ||
           gap_starts_at(runtime, segment->start_addr);
}

/* heap_segment.heap, behind the words every GC publishes; only server GC has it. */
static bool heap_agrees(const hgr_runtime *runtime, const hgr_segment *segment)
{
    uint64_t heap;
    if (!runtime->gc.server || runtime->space->pointer_size != 8 ||
        segment->generation == HGR_FROZEN)
        return true;
    return !hgr_space_ptr(runtime->space, segment->segment_addr + 0x40, &heap) ||
           heap == runtime->gc.heaps[segment->heap].heap_addr;
}

/* A sample spread over the heap: a wrong layout fails everywhere. */
void hgr_clr_check_segments(hgr_runtime *runtime)
{
    size_t step = runtime->nsegments / SAMPLED_SEGMENTS + 1, bad_objects = 0, bad_heaps = 0;
    uint64_t example = 0;
    for (size_t i = 0; i < runtime->nsegments; i += step) {
        const hgr_segment *segment = &runtime->segments[i];
        if (!first_object_possible(runtime, segment)) {
            bad_objects++;
            example = segment->start_addr;
        }
        bad_heaps += !heap_agrees(runtime, segment);
    }
    if (bad_objects > 0)
        hgr_runtime_warn(runtime,
                         "%zu of the segments sampled do not begin with an object, such as 0x%llx",
                         bad_objects, (unsigned long long)example);
    if (bad_heaps > 0)
        hgr_runtime_warn(runtime, "%zu of the segments sampled name another heap than their list",
                         bad_heaps);
}
