/* clr: offsets that a layout leaves open, read off the dump itself.
 *
 * Input: a runtime whose layout says `partial`, its segments, Object and String. Output: the
 * layout, filled in where the dump leaves no doubt. A partial layout knows what has never moved
 * (the words of a method table) and no more: between two builds a Module grows and shrinks with
 * every lock in it. So each open offset is looked for by what must stand there: the core library's
 * name, the method table of a row that is known, a FieldDesc that names its owner. What is not
 * found stays unknown: it costs names, never an object. */
#include "clr_open.h"

#include "clr_limits.h"
#include "method_table.h"

#define MODULE_BYTES   0xa00u /* of a Module, within which is looked */
#define NAME_BYTES     0x200u /* the same, of its name and its PEAssembly */
#define IMAGE_BYTES    0x100u /* of a PEImage */
#define SAMPLES        64u
#define SAMPLED_WORDS  4096u /* of each segment */
#define MAX_TYPE_ROWS  (1u << 20)
#define ELEMENT_CLASS_ 0x12u

struct sample {
    uint64_t mt, module;
    uint32_t rid;
};

/* ---- some types of the heap, of several modules ---- */

static bool is_new(const struct sample *samples, size_t count, uint64_t mt)
{
    for (size_t i = 0; i < count; i++)
        if (samples[i].mt == mt)
            return false;
    return true;
}

/* A type that stands in its module's map under its own row: no array, no generic instance. */
static bool take_sample(const hgr_runtime *runtime, uint64_t word, struct sample *out)
{
    hgr_method_table mt;
    if (!hgr_clr_looks_like_type(runtime, word) || word == runtime->free_mt ||
        !hgr_method_table_read(runtime, word, &mt) || hgr_method_table_is_array(&mt) ||
        hgr_method_table_generics(&mt) != 0 || mt.rid == 0 || mt.rid >= MAX_TYPE_ROWS)
        return false;
    *out = (struct sample){word, hgr_method_table_module(runtime, &mt), mt.rid};
    return out->module != 0;
}

static size_t take_samples(const hgr_runtime *runtime, struct sample samples[SAMPLES])
{
    uint64_t p = runtime->space->pointer_size;
    size_t count = 0;
    for (size_t i = 0; i < runtime->nsegments && count < SAMPLES; i++) {
        const hgr_segment *segment = &runtime->segments[i];
        uint64_t left = (segment->end_addr - segment->start_addr) / p;
        for (uint64_t w = 0; w < left && w < SAMPLED_WORDS && count < SAMPLES; w++) {
            uint64_t word;
            if (!hgr_space_ptr(runtime->space, segment->start_addr + w * p, &word))
                break;
            word &= ~(p - 1);
            if (word != 0 && is_new(samples, count, word) &&
                take_sample(runtime, word, &samples[count]))
                count++;
        }
    }
    return count;
}

/* ---- from a module to its image ---- */

static bool is_core_name(const hgr_runtime *runtime, uint64_t addr)
{
    static const char *const names[] = {"System.Private.CoreLib", "mscorlib"};
    char text[32];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]) + 1;
        if (hgr_space_read(runtime->space, addr, text, len) && memcmp(text, names[i], len) == 0)
            return true;
    }
    return false;
}

static bool is_in_image(const hgr_runtime *runtime, uint64_t addr)
{
    uint64_t base;
    return hgr_clr_image_around(runtime, addr, &base);
}

/* Does an image of the core library's file begin at addr? */
static bool is_core_image(const hgr_runtime *runtime, uint64_t addr)
{
    static const char *const files[] = {"System.Private.CoreLib.dll", "mscorlib.dll",
                                        "mscorlib.ni.dll"};
    for (size_t i = 0; i < runtime->dump->nmodules; i++) {
        const char *path = runtime->dump->modules[i].path;
        size_t len = strlen(path);
        for (size_t f = 0; runtime->dump->modules[i].base_addr == addr && f < 3; f++)
            if (len >= strlen(files[f]) && strcmp(path + len - strlen(files[f]), files[f]) == 0)
                return true;
    }
    return false;
}

/* How many of the modules lead to metadata that way. */
static size_t count_images(const hgr_runtime *runtime, const struct sample *samples, size_t count)
{
    size_t images = 0;
    uint64_t base;
    hgr_metadata_place place;
    for (size_t i = 0; i < count; i++)
        images += hgr_clr_module_base(runtime, samples[i].module, &base) &&
                  hgr_metadata_locate(runtime->space, base, &place, NULL) == HGR_OK;
    return images;
}

/* PEAssembly, then PEImage behind its first word, then one of its layouts, whose second word is an
 * image: of the layouts the one by which most modules have metadata. */
static bool find_chain(hgr_runtime *runtime, uint64_t module)
{
    const hgr_space *space = runtime->space;
    hgr_clr_layout *layout = &runtime->layout, best = runtime->layout;
    struct sample samples[SAMPLES];
    size_t count = take_samples(runtime, samples), most = 0;
    uint32_t p = space->pointer_size;
    uint64_t assembly, image, loaded, base;
    layout->pe_assembly_image = layout->layout_base = p;
    for (uint32_t off = 0; off < NAME_BYTES; off += p) {
        if (!hgr_space_ptr(space, module + off, &assembly) ||
            !hgr_space_ptr(space, assembly + p, &image))
            continue;
        for (uint32_t at = 0; at < IMAGE_BYTES; at += p) {
            if (!hgr_space_ptr(space, image + at, &loaded) ||
                !hgr_space_ptr(space, loaded + p, &base) || !is_core_image(runtime, base))
                continue;
            layout->module_pe_assembly = off;
            layout->pe_image_layout = at;
            size_t images = count_images(runtime, samples, count);
            if (images > most) {
                most = images;
                best = *layout;
            }
        }
    }
    *layout = best;
    return most > 0;
}

/* Newer modules have the image itself; all have their name, which lies in the image; where its page
 * is not in the dump, the chain leads there. */
static bool find_image(hgr_runtime *runtime, uint64_t module)
{
    hgr_clr_layout *layout = &runtime->layout;
    uint32_t p = runtime->space->pointer_size;
    uint64_t word;
    for (uint32_t off = 0; off < NAME_BYTES; off += p) {
        if (!hgr_space_ptr(runtime->space, module + off, &word))
            continue;
        if (is_core_image(runtime, word))
            layout->module_base = off;
        else if (is_in_image(runtime, word) && is_core_name(runtime, word))
            layout->module_simple_name = off;
    }
    return layout->module_base != HGR_NO_OFFSET || layout->module_simple_name != 0 ||
           find_chain(runtime, module);
}

/* Method tables name their module plainly, or relative to their own place. */
static bool calibrate_module(hgr_runtime *runtime)
{
    hgr_clr_layout *layout = &runtime->layout;
    for (int relative = 0; relative < 2; relative++) {
        uint64_t module;
        layout->links_relative = relative == 1;
        if (hgr_clr_link(runtime, runtime->object_mt + layout->mt_module, &module) &&
            find_image(runtime, module))
            return true;
    }
    layout->links_relative = false;
    return false;
}

/* ---- EEClass ---- */

/* Both are classes, both public; a type that is neither structure nor interface says so in one
 * byte. */
static bool class_fits(const hgr_runtime *runtime, uint64_t mt_addr, const hgr_clr_layout *layout)
{
    hgr_method_table mt;
    uint8_t type, packed;
    uint32_t attributes;
    if (!hgr_method_table_read(runtime, mt_addr, &mt))
        return false;
    uint64_t at = hgr_method_table_class(runtime, &mt);
    return at != 0 && hgr_space_u8(runtime->space, at + layout->class_norm_type, &type) &&
           hgr_space_u8(runtime->space, at + layout->class_is_packed_at, &packed) &&
           hgr_space_u32(runtime->space, at + layout->class_attributes, &attributes) &&
           type == ELEMENT_CLASS_ && packed <= 1 && (attributes & 7) == 1;
}

/* {native size; with COM interop two words more}, attributes, flags, {type, packed, size}. */
static void calibrate_class(hgr_runtime *runtime)
{
    static const struct {
        uint32_t pointer_size, attributes, norm_type, packed;
    } SHAPES[] = {{8, 40, 48, 49}, {8, 44, 52, 53}, {8, 56, 64, 65}, {4, 0x1c, 0x24, 0x25}};
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        hgr_clr_layout layout = runtime->layout;
        if (SHAPES[i].pointer_size != runtime->space->pointer_size)
            continue;
        layout.class_attributes = SHAPES[i].attributes;
        layout.class_norm_type = SHAPES[i].norm_type;
        layout.class_is_packed_at = SHAPES[i].packed;
        layout.class_fixed_size_at = SHAPES[i].packed + 1;
        if (class_fits(runtime, runtime->object_mt, &layout) &&
            class_fits(runtime, runtime->string_mt, &layout)) {
            runtime->layout = layout;
            return;
        }
    }
}

/* ---- FieldDesc lists ---- */

/* The first FieldDesc of String's list names String. */
static void calibrate_lists(hgr_runtime *runtime)
{
    hgr_method_table string;
    if (runtime->layout.links_relative ||
        !hgr_method_table_read(runtime, runtime->string_mt, &string))
        return;
    uint64_t at = hgr_method_table_class(runtime, &string) + runtime->layout.class_fields;
    for (int relative = 0; relative < 2; relative++) {
        uint64_t list, owner;
        runtime->layout.lists_relative = relative == 1;
        if (hgr_clr_list_link(runtime, at, &list) && hgr_clr_list_link(runtime, list, &owner) &&
            owner == runtime->string_mt)
            return;
    }
    runtime->layout.lists_relative = false;
}

/* ---- the map of a module's own types ---- */

/* Does a map {next, table, count, flags} at addr have the sample in its row? Its first piece
 * decides: the rest is for rows that came later. */
static bool map_has(const hgr_runtime *runtime, uint64_t addr, const struct sample *sample)
{
    const hgr_space *space = runtime->space;
    uint32_t p = space->pointer_size, count;
    uint64_t table, flags, value;
    if (!hgr_space_u32(space, addr + 2 * p, &count) || sample->rid >= count ||
        !hgr_space_ptr(space, addr + p, &table) || !hgr_space_ptr(space, addr + 3 * p, &flags) ||
        flags >= p)
        return false;
    uint64_t slot = table + (uint64_t)sample->rid * p;
    return hgr_space_ptr(space, slot, &value) &&
           hgr_clr_list_link_value(runtime, slot, value & ~flags) == sample->mt;
}

static void calibrate_types(hgr_runtime *runtime)
{
    struct sample samples[SAMPLES];
    size_t count = take_samples(runtime, samples), best = 1;
    uint32_t found = HGR_NO_OFFSET;
    for (uint32_t off = 0; off < MODULE_BYTES; off += runtime->space->pointer_size) {
        size_t hits = 0;
        for (size_t i = 0; i < count; i++)
            hits += map_has(runtime, samples[i].module + off, &samples[i]);
        if (hits > best) {
            best = hits;
            found = off;
        }
    }
    runtime->layout.module_typedef_map = found;
}

void hgr_clr_calibrate(hgr_runtime *runtime)
{
    calibrate_module(runtime);
    calibrate_class(runtime);
    calibrate_lists(runtime);
    calibrate_types(runtime);
}
