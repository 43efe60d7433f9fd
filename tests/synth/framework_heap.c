/* synth: the Framework process. Every offset below is written out for both widths: this file is a
 * second opinion. */
#include "framework_heap.h"

#include <stdlib.h>
#include <string.h>

#include "metadata_writer.h"
#include "minidump_writer.h"

enum { MAX_AREAS = 32, MAX_HEAPS = 4 };

struct area {
    uint64_t addr;
    uint8_t *bytes;
    size_t len;
    uint32_t protect; /* Windows' number: 2 read, 4 read and write, 0x20 execute */
};

struct process {
    const synth_framework_options *options;
    synth_framework_truth *truth;
    struct area areas[MAX_AREAS];
    size_t nareas;
    uint32_t p;      /* pointer size */
    uint64_t far;    /* added to every address of a 64-bit process */
    uint64_t loader; /* next free byte of the loader's heap */
    uint64_t core_module, shop_modules[2];
    uint64_t cart_class, item_class;
    uint64_t strings_mt_array;
    bool failed;
};

/* A place in the address space; the numbers are those of a 32-bit process. */
enum {
    LOADER = 0x01000000,
    SMALL = 0x02000000,   /* the heap's segment; heap h + 0x100000 each */
    OLD = 0x03000000,     /* an older segment of the same chain */
    LARGE = 0x04000000,   /* large objects */
    HANDLES = 0x05000000, /* one segment for each domain */
    NATIVE = 0x06000000,  /* the collector's own structures */
    STACK = 0x07000000,
    CLR = 0x70000000,
    CORE = 0x71000000,
    SHOP = 0x72000000
};
enum { SEGMENT_BYTES = 0x8000, HEAP_STEP = 0x100000 };

/* ---- memory ---- */

static uint64_t place(const struct process *p, uint64_t low)
{
    return low + p->far;
}

static void add_area(struct process *p, uint64_t low, size_t len, uint32_t protect,
                     const void *content, size_t content_len)
{
    struct area *area = &p->areas[p->nareas];
    uint8_t *bytes = p->nareas < MAX_AREAS ? calloc(1, len) : NULL;
    if (!bytes) {
        p->failed = true;
        return;
    }
    if (content)
        memcpy(bytes, content, content_len < len ? content_len : len);
    *area = (struct area){place(p, low), bytes, len, protect};
    p->nareas++;
}

static void put(struct process *p, uint64_t addr, uint64_t value, size_t size)
{
    for (size_t i = 0; i < p->nareas; i++) {
        struct area *area = &p->areas[i];
        if (addr >= area->addr && addr - area->addr + size <= area->len) {
            memcpy(area->bytes + (addr - area->addr), &value, size);
            return;
        }
    }
    p->failed = true;
}

static void put_pointer(struct process *p, uint64_t addr, uint64_t value)
{
    put(p, addr, value, p->p);
}

static uint64_t take(struct process *p, size_t bytes)
{
    uint64_t addr = p->loader;
    p->loader += (bytes + 15) & ~(size_t)15;
    return addr;
}

/* ---- metadata and images ---- */

static void add_type(synth_metadata *md, const char *space, const char *name, uint32_t first_field)
{
    /* One after the other: arguments are evaluated in any order. */
    uint32_t name_off = synth_metadata_string(md, name);
    uint32_t space_off = synth_metadata_string(md, space);
    synth_metadata_row(md, 0x02, "422222", 1u, name_off, space_off, 0u, first_field, 1u);
}

static void add_field(synth_metadata *md, const char *name, const void *signature, size_t len)
{
    uint32_t name_off = synth_metadata_string(md, name);
    uint32_t blob_off = synth_metadata_blob(md, signature, len);
    synth_metadata_row(md, 0x04, "222", 0u, name_off, blob_off);
}

static synth_metadata *begin_module(const char *assembly, const char *file)
{
    synth_metadata *md = synth_metadata_begin();
    synth_metadata_row(md, 0x00, "22222", 0u, synth_metadata_string(md, file), 0u, 0u, 0u);
    synth_metadata_row(md, 0x20, "422224222", 0u, 4u, 0u, 0u, 0u, 0u, 0u,
                       synth_metadata_string(md, assembly), 0u);
    return md;
}

enum { OBJECT_ROW = 2, STRING_ROW, ARRAY_ROW, CART_ROW = 2, ITEM_ROW };

static uint8_t *core_metadata(size_t *len)
{
    synth_metadata *md = begin_module("mscorlib", "mscorlib.dll");
    add_type(md, "", "<Module>", 1);
    add_type(md, "System", "Object", 1);
    add_type(md, "System", "String", 1);
    add_type(md, "System", "Array", 3);
    add_field(md, "m_stringLength", "\x06\x08", 2);
    add_field(md, "m_firstChar", "\x06\x03", 2);
    return synth_metadata_end(md, len);
}

static uint8_t *shop_metadata(size_t *len)
{
    synth_metadata *md = begin_module("Shop", "Shop.dll");
    add_type(md, "", "<Module>", 1);
    add_type(md, "Shop", "Cart", 1);
    add_type(md, "Shop", "Item", 2);
    add_field(md, "_first", "\x06\x1c", 2);
    add_field(md, "_next", "\x06\x1c", 2);
    add_field(md, "_title", "\x06\x0e", 2);
    return synth_metadata_end(md, len);
}

/* Map an image; its assembly's name is in its metadata: *out_name. */
static void map_image(struct process *p, uint64_t low, uint8_t *(*make)(size_t *), const char *name,
                      uint64_t *out_name)
{
    size_t md_len = 0, len = 0;
    uint8_t *md = make(&md_len);
    uint8_t *image = md ? synth_pe_image(md, md_len, p->options->wide, 0, &len) : NULL;
    free(md);
    if (!image) {
        p->failed = true;
        return;
    }
    size_t name_len = strlen(name) + 1;
    for (size_t i = 0; i + name_len <= len; i++)
        if (image[i - (i > 0)] == 0 && memcmp(image + i, name, name_len) == 0)
            *out_name = place(p, low) + i;
    add_area(p, low, (len + 0xfff) & ~(size_t)0xfff, 2, image, len);
    free(image);
}

/* ---- modules, classes, method tables ---- */

static uint64_t make_module(struct process *p, uint64_t name)
{
    uint64_t module = take(p, 0x300);
    put_pointer(p, module, place(p, CLR) + 0x1100); /* its virtual table */
    put_pointer(p, module + p->p, name);
    return module;
}

/* TypeDef rows to method tables: {next, table, count, flags} somewhere in the module. */
static void make_map(struct process *p, uint64_t module, uint64_t off, const uint64_t *mts,
                     uint32_t count)
{
    uint64_t table = take(p, (size_t)count * p->p);
    put_pointer(p, module + off + p->p, table);
    put(p, module + off + 2 * p->p, count, 4);
    put_pointer(p, module + off + 3 * p->p, 1);
    for (uint32_t row = 0; row < count; row++) {
        uint64_t slot = table + (uint64_t)row * p->p, value = mts[row];
        if (value != 0 && p->options->relative_lists)
            value -= slot;
        put_pointer(p, slot, value);
    }
}

/* What a class counts, as plain numbers: instance fields first. */
static uint64_t make_class(struct process *p, uint32_t fields)
{
    bool wide = p->options->wide;
    uint64_t at = take(p, 0x80);
    put(p, at + (wide ? 0x38 : 0x1c), 0x00100001, 4); /* public */
    put(p, at + (wide ? 0x40 : 0x24), 0x12, 1);       /* a class */
    put(p, at + (wide ? 0x41 : 0x25), 0, 1);          /* not packed */
    put(p, at + (wide ? 0x42 : 0x26), wide ? 0x50 : 0x30, 1);
    put(p, at + (wide ? 0x50 : 0x30), fields, 4);
    return at;
}

struct type {
    uint64_t module, parent, class_addr, element;
    uint32_t flags, base_size, row;
    const uint32_t *slots; /* offsets of references from the object's start */
    uint32_t nslots;
    bool all_slots; /* an array of references */
};

static uint64_t make_type(struct process *p, const struct type *type)
{
    bool wide = p->options->wide;
    uint64_t room = take(p, 0x100), mt = room + 0x80;
    put(p, mt, type->flags, 4);
    put(p, mt + 4, type->base_size, 4);
    put(p, mt + 0xa, type->row, 2);
    put_pointer(p, mt + 0x10, type->parent);
    put_pointer(p, mt + (wide ? 0x18 : 0x14), type->module);
    put_pointer(p, mt + (wide ? 0x28 : 0x1c), type->class_addr);
    put_pointer(p, mt + (wide ? 0x30 : 0x20), type->element);
    /* The map of references lies in front: count, then {bytes less the object's, start}. */
    uint32_t w = p->p;
    if (type->all_slots) {
        put_pointer(p, mt - w, 1);
        put_pointer(p, mt - 2 * w, 2 * w);
        put_pointer(p, mt - 3 * w, (uint64_t)0 - 3 * w);
    } else if (type->nslots > 0) { /* one run: they lie side by side */
        put_pointer(p, mt - w, 1);
        put_pointer(p, mt - 2 * w, type->slots[0]);
        put_pointer(p, mt - 3 * w, (uint64_t)type->nslots * w - type->base_size);
    }
    return mt;
}

static void own_class(struct process *p, uint64_t class_addr, uint64_t mt)
{
    put_pointer(p, class_addr + (p->options->wide ? 0x10 : 8), mt);
}

/* FieldDescs: {owner; row and kind; offset and element}. */
static void make_fields(struct process *p, uint64_t class_addr, uint64_t mt, uint32_t first_row,
                        uint32_t count, const uint32_t *offsets, const uint32_t *elements)
{
    uint64_t list = take(p, count * (p->p + 8u));
    uint64_t at = class_addr + (p->options->wide ? 0x18 : 0xc);
    bool relative = p->options->relative_lists;
    put_pointer(p, at, relative ? list - at : list);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t desc = list + i * (p->p + 8u);
        put_pointer(p, desc, relative ? mt - desc : mt);
        put(p, desc + p->p, (first_row + i) | 1u << 30, 4);
        put(p, desc + p->p + 4, (uint64_t)elements[i] << 27 | offsets[i], 4);
    }
}

static void make_core_types(struct process *p)
{
    uint32_t w = p->p;
    synth_framework_truth *truth = p->truth;
    uint64_t object_class = make_class(p, 0), string_class = make_class(p, 2);
    uint64_t array_class = make_class(p, 0);
    const uint32_t offsets[] = {0, 4}, elements[] = {8, 3};
    truth->free_mt = make_type(p, &(struct type){.flags = 0x80000001, .base_size = 3 * w});
    truth->object_mt = make_type(p, &(struct type){.module = p->core_module,
                                                   .class_addr = object_class,
                                                   .base_size = 3 * w,
                                                   .row = OBJECT_ROW});
    truth->string_mt = make_type(p, &(struct type){.module = p->core_module,
                                                   .parent = truth->object_mt,
                                                   .class_addr = string_class,
                                                   .flags = 0x80000002,
                                                   .base_size = w == 8 ? 26 : 14,
                                                   .row = STRING_ROW});
    uint64_t array = make_type(p, &(struct type){.module = p->core_module,
                                                 .parent = truth->object_mt,
                                                 .class_addr = array_class,
                                                 .base_size = 3 * w,
                                                 .row = ARRAY_ROW});
    uint64_t own_array_class = make_class(p, 0);
    truth->array_mt = make_type(p, &(struct type){.module = p->core_module,
                                                  .parent = array,
                                                  .class_addr = own_array_class,
                                                  .flags = 0x810a0000 | w,
                                                  .base_size = 3 * w,
                                                  .element = truth->object_mt,
                                                  .all_slots = true});
    own_class(p, object_class, truth->object_mt);
    own_class(p, string_class, truth->string_mt);
    own_class(p, array_class, array);
    own_class(p, own_array_class, truth->array_mt);
    make_fields(p, string_class, truth->string_mt, 1, 2, offsets, elements);
}

/* The application is loaded into both domains, so its types exist twice. */
static void make_shop_types(struct process *p, uint32_t domain)
{
    uint32_t w = p->p;
    const uint32_t cart_slots[] = {w}, item_slots[] = {w, 2 * w};
    const uint32_t offsets[] = {0, w}, elements[] = {0x12, 0x12};
    uint64_t module = p->shop_modules[domain];
    uint64_t cart_class = make_class(p, 1), item_class = make_class(p, 2);
    uint64_t cart = make_type(p, &(struct type){.module = module,
                                                .parent = p->truth->object_mt,
                                                .class_addr = cart_class,
                                                .flags = 0x01100000, /* pointers, a finalizer */
                                                .base_size = 3 * w,
                                                .row = CART_ROW,
                                                .slots = cart_slots,
                                                .nslots = 1});
    uint64_t item = make_type(p, &(struct type){.module = module,
                                                .parent = p->truth->object_mt,
                                                .class_addr = item_class,
                                                .flags = 0x01000000,
                                                .base_size = 4 * w,
                                                .row = ITEM_ROW,
                                                .slots = item_slots,
                                                .nslots = 2});
    own_class(p, cart_class, cart);
    own_class(p, item_class, item);
    make_fields(p, cart_class, cart, 1, 1, offsets, elements);
    make_fields(p, item_class, item, 2, 2, offsets, elements);
    const uint64_t rows[] = {0, 0, cart, item};
    make_map(p, module, p->options->wide ? 0x148 : 0xdc, rows, 4);
    p->truth->item_mts[domain] = item;
    if (domain == 0)
        p->truth->cart_mt = cart;
}

/* ---- objects ---- */

struct segment {
    uint64_t addr, next_object;
    uint32_t align;
};

static struct segment begin_segment(struct process *p, uint64_t low, uint32_t flags, uint64_t next)
{
    struct segment segment = {place(p, low), place(p, low) + 0x1000, flags & 8 ? 8 : p->p};
    add_area(p, low, SEGMENT_BYTES, 4, NULL, 0);
    uint64_t end = segment.addr + SEGMENT_BYTES;
    put_pointer(p, segment.addr + p->p, end);     /* committed */
    put_pointer(p, segment.addr + 2 * p->p, end); /* reserved */
    put_pointer(p, segment.addr + 4 * p->p, segment.next_object);
    put_pointer(p, segment.addr + 5 * p->p, flags);
    put_pointer(p, segment.addr + 6 * p->p, next);
    return segment;
}

/* stale: what the record says is older than what is there. */
static void end_segment(struct process *p, const struct segment *segment, uint64_t allocated)
{
    put_pointer(p, segment->addr, allocated);
    put_pointer(p, segment->addr + 3 * p->p, segment->next_object); /* used */
}

static uint64_t add_bytes(struct process *p, struct segment *segment, uint64_t mt, uint64_t bytes)
{
    uint64_t addr = segment->next_object;
    put_pointer(p, addr, mt);
    segment->next_object = (addr + bytes + segment->align - 1) & ~(uint64_t)(segment->align - 1);
    return addr;
}

static uint64_t add_object(struct process *p, struct segment *segment, uint64_t mt, uint64_t bytes)
{
    p->truth->objects++;
    p->truth->bytes += bytes;
    return add_bytes(p, segment, mt, bytes);
}

static uint64_t add_free(struct process *p, struct segment *segment, uint64_t extra)
{
    uint64_t addr = add_bytes(p, segment, p->truth->free_mt, 3 * p->p + extra);
    put(p, addr + p->p, extra, 4);
    p->truth->free_count++;
    return addr;
}

static void refer(struct process *p, uint64_t slot, uint64_t target)
{
    put_pointer(p, slot, target);
    p->truth->references++;
}

static uint64_t add_string(struct process *p, struct segment *segment, const char *text)
{
    uint64_t len = strlen(text), base = p->p == 8 ? 26 : 14, bytes = base + 2 * len;
    uint64_t addr =
        add_object(p, segment, p->truth->string_mt, bytes < 3 * p->p ? 3 * p->p : bytes);
    put(p, addr + p->p, len, 4);
    for (uint64_t i = 0; i < len; i++)
        put(p, addr + p->p + 4 + 2 * i, (uint8_t)text[i], 2);
    return addr;
}

static uint64_t add_item(struct process *p, struct segment *segment, uint32_t domain, uint64_t next,
                         uint64_t title)
{
    uint64_t addr = add_object(p, segment, p->truth->item_mts[domain], 4 * p->p);
    p->truth->items[domain]++;
    if (next)
        refer(p, addr + p->p, next);
    if (title)
        refer(p, addr + 2 * p->p, title);
    return addr;
}

static uint64_t add_cart(struct process *p, struct segment *segment, uint64_t first)
{
    uint64_t addr = add_object(p, segment, p->truth->cart_mt, 3 * p->p);
    if (first)
        refer(p, addr + p->p, first);
    return addr;
}

/* ---- the collector's own structures ---- */

/* One entry: {context, .., segment, .., start}; the table's four entries begin in these segments.
 */
static void put_generations(struct process *p, uint64_t table, const uint64_t segments[4],
                            const uint64_t starts[4])
{
    uint64_t size = p->options->wide ? 0xf8 : 0x84, at = p->options->wide ? 0x38 : 0x24;
    for (uint32_t g = 0; g < 4 && !p->options->without_tables; g++) {
        put_pointer(p, table + g * size + at - p->p, segments[g]); /* where it allocates */
        put_pointer(p, table + g * size + at, segments[g]);
        put_pointer(p, table + g * size + at + 2 * p->p, starts[g]);
    }
}

static uint64_t make_queue(struct process *p)
{
    uint64_t queue = place(p, NATIVE) + 0x8000, array = queue + 0x100;
    const uint32_t filled[6] = {0, 0, 0, 0, 0, 1}; /* one is ready, none registered */
    put_pointer(p, queue, array);
    for (uint32_t i = 0; i < 6; i++)
        put_pointer(p, queue + (1 + i) * p->p, array + (uint64_t)filled[i] * p->p);
    put_pointer(p, queue + 7 * p->p, array + 16 * p->p);
    put_pointer(p, array, p->truth->ready_cart);
    return queue;
}

struct heap {
    uint64_t segments[4], starts[4]; /* per generation */
    uint64_t end;
};

/* gen2 | gen1 | gen0, and in gen0 a stretch that a thread still fills. */
static void fill_heap(struct process *p, uint32_t h, struct heap *out)
{
    uint64_t step = (uint64_t)h * HEAP_STEP;
    synth_framework_truth *truth = p->truth;
    struct segment large = begin_segment(p, LARGE + step, 8, 0);
    struct segment small = begin_segment(p, SMALL + step, 0, 0);
    struct segment old = begin_segment(p, OLD + step, 0, small.addr);
    out->starts[2] = add_free(p, &old, 0);
    uint64_t title = add_string(p, &old, "old and odd"), next = 0, item = 0;
    for (uint32_t i = 0; i < p->options->items; i++) {
        next = item;
        item = add_item(p, &old, h % 2, next, title);
        if (h == 0 && i == 0)
            truth->last_item = item;
    }
    if (h == 0)
        truth->first_item = item;
    add_free(p, &old, 40);
    end_segment(p, &old, old.next_object);
    add_free(p, &small, 0);
    uint64_t cart = add_cart(p, &small, item);
    uint64_t stale = small.next_object;
    out->starts[1] = add_free(p, &small, 0);
    uint64_t strong = add_item(p, &small, 0, 0, add_string(p, &small, "strong"));
    out->starts[0] = add_free(p, &small, 0);
    uint64_t stack = add_item(p, &small, 1, 0, 0);
    small.next_object += 64 * p->p; /* not filled yet */
    uint64_t lost = add_item(p, &small, 1, 0, add_string(p, &small, "lost"));
    uint64_t ready = add_cart(p, &small, 0);
    put(p, small.next_object, 0x3, 4); /* older bytes behind the end */
    end_segment(p, &small, stale);
    put_pointer(p, small.addr + 3 * p->p, small.addr + SEGMENT_BYTES); /* used */
    out->starts[3] = add_free(p, &large, 0);
    uint64_t array = add_object(p, &large, truth->array_mt, 3 * p->p + 5 * p->p);
    put(p, array + p->p, 5, 4);
    refer(p, array + 2 * p->p + 3 * p->p, cart);
    end_segment(p, &large, large.next_object);
    if (h == 0) {
        truth->static_array = array;
        truth->static_slot_cart = cart;
        truth->strong_item = strong;
        truth->stack_item = stack;
        truth->lost_item = lost;
        truth->ready_cart = ready;
    }
    out->segments[0] = out->segments[1] = small.addr;
    out->segments[2] = old.addr;
    out->segments[3] = large.addr;
    out->end = small.next_object;
}

/* ---- handles ---- */

static void make_handles(struct process *p, uint32_t domain, uint64_t pinned, uint64_t strong)
{
    uint64_t low = HANDLES + (uint64_t)domain * 0x10000, segment = place(p, low);
    uint64_t table = place(p, NATIVE) + 0xa000 + (uint64_t)domain * 0x400;
    uint32_t blocks = (0x10000 - 0x1000) / (64 * p->p);
    add_area(p, low, 0x10000, 4, NULL, 0);
    for (uint32_t b = 0; b < blocks; b++) {
        put(p, segment + 13 * blocks + b, b == 0 ? 3 : b == 1 ? 2 : 0xff, 1); /* pinned, strong */
        put(p, segment + 14 * blocks + b, 0xff, 1);
        put(p, segment + 5 * blocks + 8 * b, UINT64_MAX, 8);
    }
    put(p, segment + 5 * blocks, ~UINT64_C(1), 8); /* the first of each is taken */
    put(p, segment + 5 * blocks + 8, ~UINT64_C(1), 8);
    uint64_t links = segment + 16 * blocks + 12 + 12 + 48;
    put_pointer(p, links + p->p, table);
    put_pointer(p, table + (p->options->wide ? 0x68 : 0x58), segment);
    put_pointer(p, segment + 0x1000, pinned);
    put_pointer(p, segment + 0x1000 + 64 * p->p, strong);
}

/* ---- clr.dll ---- */

enum { CLR_BYTES = 0x10000, CLR_RESOURCES = 0x2000, CLR_DATA = 0x8000 };

/* A directory of one entry: type, name or language; returns where its own place is kept. */
static void put_directory(struct process *p, uint64_t at, bool named, uint32_t id, uint32_t to)
{
    put(p, at + 12, named ? 1 : 0, 2);
    put(p, at + 14, named ? 0 : 1, 2);
    put(p, at + 16, id, 4);
    put(p, at + 20, to, 4);
}

/* Entry i of the table names a variable; its value is at CLR_DATA + 0x1000 + 8 i. */
static void put_globals(struct process *p, uint64_t raw, const struct heap *heap, uint64_t queue)
{
    enum { COUNT = 60, END = 20, OBJECT = 40 };
    uint64_t clr = place(p, CLR), variables = clr + CLR_DATA + 0x1000;
    put(p, raw, COUNT, 4);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t variable = variables + 8 * (uint64_t)i;
        if (p->options->absolute)
            put_pointer(p, raw + 24 + (uint64_t)i * p->p, variable);
        else
            put(p, raw + 24 + 4 * (uint64_t)i, variable - clr, 4);
        put_pointer(p, variable, 0x1234 + i);
    }
    const struct {
        uint32_t index;
        uint64_t value;
    } known[] = {{END, heap->end},
                 {END + 1, heap->segments[0]},
                 {END + 2, queue},
                 {OBJECT - 5, p->truth->lowest},
                 {OBJECT - 4, p->truth->highest},
                 {OBJECT, p->truth->object_mt},
                 {OBJECT + 3, p->truth->string_mt},
                 {OBJECT + 4, p->truth->array_mt}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        put_pointer(p, variables + 8 * (uint64_t)known[i].index, known[i].value);
}

static void put_resource_name(struct process *p, uint64_t at, const char *name)
{
    size_t len = strlen(name);
    put(p, at, len, 2);
    for (size_t i = 0; i < len; i++)
        put(p, at + 2 + 2 * i, (uint8_t)name[i], 2);
}

static void make_resources(struct process *p, const struct heap *heap, uint64_t queue)
{
    uint64_t at = place(p, CLR) + CLR_RESOURCES;
    const uint32_t sub = 0x80000000;
    bool table = p->options->resource;
    /* root: {RCDATA}, {version} */
    put(p, at + 14, table ? 2 : 1, 2);
    put(p, at + 16, table ? 10 : 16, 4);
    put(p, at + 20, sub | (table ? 0x100u : 0x200u), 4);
    put(p, at + 24, 16, 4);
    put(p, at + 28, sub | 0x200u, 4);
    put_directory(p, at + 0x100, true, sub | 0x180, sub | 0x120);
    put_resource_name(p, at + 0x180, "COREXTERNALDATAACCESSRESOURCE");
    put_directory(p, at + 0x120, false, 1033, 0x140);
    put(p, at + 0x140, CLR_RESOURCES + 0x400, 4); /* where, how many bytes */
    put(p, at + 0x144, 24 + 60 * 8, 4);
    put_directory(p, at + 0x200, false, 1, sub | 0x220);
    put_directory(p, at + 0x220, false, 1033, 0x240);
    put(p, at + 0x240, CLR_RESOURCES + 0x300, 4);
    put(p, at + 0x244, 0x60, 4);
    uint64_t version = at + 0x300; /* VS_VERSION_INFO of 4.8.4110.0 */
    put(p, version, 0x60, 2);
    put(p, version + 2, 52, 2);
    put(p, version + 40, 0xfeef04bd, 4);
    put(p, version + 48, 4u << 16 | 8, 4);
    put(p, version + 52, 4110u << 16, 4);
    if (table)
        put_globals(p, at + 0x400, heap, queue);
}

static void make_clr(struct process *p, const struct heap *heap, uint64_t queue)
{
    uint64_t at = place(p, CLR), pe = at + 0x80;
    bool wide = p->options->wide;
    add_area(p, CLR, CLR_BYTES, 4, "MZ", 2);
    put(p, at + 0x3c, 0x80, 4);
    put(p, pe, 0x4550, 4);
    put(p, pe + 4, wide ? 0x8664 : 0x14c, 2);
    put(p, pe + 24, wide ? 0x20b : 0x10b, 2);
    put(p, pe + 24 + 56, CLR_BYTES, 4);
    uint64_t directories = pe + 24 + (wide ? 108 : 92);
    put(p, directories, 16, 4);
    put(p, directories + 4 + 8 * 2, CLR_RESOURCES, 4);
    put(p, directories + 4 + 8 * 2 + 4, 0x2000, 4);
    make_resources(p, heap, queue);
    if (p->options->server_heaps == 0)
        put_generations(p, at + CLR_DATA + 0x200, heap->segments, heap->starts);
}

/* ---- all of it ---- */

static void make_stack(struct process *p, synth_minidump *dump)
{
    add_area(p, STACK, 0x2000, 4, NULL, 0);
    uint64_t sp = place(p, STACK) + 0x1800;
    put_pointer(p, sp + 5 * p->p, p->truth->stack_item);
    synth_windows_thread thread = {.id = 77,
                                   .teb = place(p, NATIVE) + 0xf000,
                                   .stack_addr = sp,
                                   .stack_bytes = 0x800,
                                   .ip = place(p, CLR) + 0x1000};
    thread.registers[4] = sp;
    synth_minidump_thread(dump, &thread);
}

static uint8_t *write_dump(struct process *p, synth_minidump *dump, size_t *out_len)
{
    synth_minidump_module(dump, place(p, CLR), CLR_BYTES, 1, "C:\\Windows\\clr.dll", NULL);
    synth_minidump_module(dump, place(p, CORE), 0x3000, 2, "C:\\Windows\\mscorlib.ni.dll", NULL);
    synth_minidump_module(dump, place(p, SHOP), 0x3000, 3, "D:\\Shop\\Shop.dll", NULL);
    synth_minidump_process(dump, 4711);
    for (size_t i = 0; i < p->nareas; i++) {
        const struct area *area = &p->areas[i];
        synth_minidump_memory(dump, area->addr, area->bytes, area->len);
        synth_minidump_area(dump, area->addr, area->addr, area->len, 0x1000, area->protect,
                            0x20000);
    }
    return synth_minidump_end(dump, out_len);
}

static void make_process(struct process *p)
{
    struct heap heaps[MAX_HEAPS] = {0};
    uint32_t count = p->options->server_heaps ? p->options->server_heaps : 1;
    uint64_t core_name = 0, shop_name = 0;
    add_area(p, LOADER, 0x10000, 4, NULL, 0);
    p->loader = place(p, LOADER) + 0x40;
    add_area(p, NATIVE, 0x10000, 4, NULL, 0);
    map_image(p, CORE, core_metadata, "mscorlib", &core_name);
    map_image(p, SHOP, shop_metadata, "Shop", &shop_name);
    p->core_module = make_module(p, core_name);
    p->shop_modules[0] = make_module(p, shop_name);
    p->shop_modules[1] = make_module(p, shop_name);
    make_core_types(p);
    make_shop_types(p, 0);
    make_shop_types(p, 1);
    for (uint32_t h = 0; h < count; h++)
        fill_heap(p, h, &heaps[h]);
    p->truth->lowest = place(p, SMALL);
    p->truth->highest = place(p, LARGE) + MAX_HEAPS * HEAP_STEP;
    uint64_t queue = make_queue(p);
    for (uint32_t h = 0; h < p->options->server_heaps; h++) /* each gc_heap has a table inside */
        put_generations(p, place(p, NATIVE) + 0x1000 + h * 0x1000 + 0xb0, heaps[h].segments,
                        heaps[h].starts);
    make_handles(p, 0, p->truth->static_array, p->truth->strong_item);
    make_handles(p, 1, p->truth->string_mt ? p->truth->static_array : 0, 0);
    make_clr(p, &heaps[0], queue);
}

uint8_t *synth_framework_dump(const synth_framework_options *options,
                              synth_framework_truth *out_truth, size_t *out_len)
{
    struct process process = {.options = options,
                              .truth = out_truth,
                              .p = options->wide ? 8 : 4,
                              .far = options->wide ? UINT64_C(0x20000000000) : 0};
    *out_truth = (synth_framework_truth){0};
    make_process(&process);
    synth_minidump *dump = synth_minidump_begin(options->wide ? 9 : 0, SYNTH_MEMORY64);
    make_stack(&process, dump);
    uint8_t *bytes = write_dump(&process, dump, out_len);
    for (size_t i = 0; i < process.nareas; i++)
        free(process.areas[i].bytes);
    if (process.failed) {
        free(bytes);
        return NULL;
    }
    return bytes;
}
