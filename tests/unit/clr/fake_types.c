/* A hand-written type system. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_types.h"
#include "synth/metadata_writer.h"

static uint8_t *at(struct fake_types *f, uint64_t addr, size_t len)
{
    assert_true(addr >= FT_BASE && addr - FT_BASE + len <= FT_BYTES);
    return f->bytes + (addr - FT_BASE);
}

void ft_u16(struct fake_types *f, uint64_t addr, uint16_t value)
{
    memcpy(at(f, addr, sizeof value), &value, sizeof value);
}

void ft_u32(struct fake_types *f, uint64_t addr, uint32_t value)
{
    memcpy(at(f, addr, sizeof value), &value, sizeof value);
}

void ft_u64(struct fake_types *f, uint64_t addr, uint64_t value)
{
    memcpy(at(f, addr, sizeof value), &value, sizeof value);
}

uint64_t ft_room(struct fake_types *f, size_t bytes)
{
    uint64_t addr = FT_BASE + f->used;
    f->used += (bytes + 15) & ~(size_t)15;
    assert_true(f->used <= FT_BYTES);
    return addr;
}

/* ---- metadata ---- */

static void add_typedef(synth_metadata *md, uint32_t flags, const char *space, const char *name,
                        uint32_t first_field)
{
    synth_metadata_row(md, 0x02, "422222", flags, synth_metadata_string(md, name),
                       synth_metadata_string(md, space), 0u, first_field, 1u);
}

static void add_field(synth_metadata *md, const char *name, const void *signature, size_t len)
{
    synth_metadata_row(md, 0x04, "222", 0u, synth_metadata_string(md, name),
                       synth_metadata_blob(md, signature, len));
}

static void add_assembly(synth_metadata *md, const char *name, const char *file)
{
    synth_metadata_row(md, 0x00, "22222", 0u, synth_metadata_string(md, file), 0u, 0u, 0u);
    synth_metadata_row(md, 0x20, "422224222", 0u, 1u, 0u, 0u, 0u, 0u, 0u,
                       synth_metadata_string(md, name), 0u);
}

static uint8_t *core_metadata(size_t *len)
{
    synth_metadata *md = synth_metadata_begin();
    add_assembly(md, "System.Private.CoreLib", "CoreLib.dll");
    add_typedef(md, 0, "", "<Module>", 1);
    add_typedef(md, 1, "System", "Object", 1);
    add_typedef(md, 1, "System", "ValueType", 1);
    add_typedef(md, 1, "System", "String", 1);
    add_typedef(md, 1, "System", "Int32", 1);
    add_typedef(md, 1, "System", "Array", 1);
    add_typedef(md, 1, "System", "List`1", 1);
    add_typedef(md, 1, "System", "Pair`2", 4);
    add_typedef(md, 1, "System", "Dict`2", 6);
    add_typedef(md, 2, "", "Entry", 7);
    add_typedef(md, 1, "System", "__Canon", 10);
    add_field(md, "_items", "\x06\x1d\x13\x00", 4);
    add_field(md, "_size", "\x06\x08", 2);
    add_field(md, "Shared", "\x06\x1c", 2);
    add_field(md, "key", "\x06\x13\x00", 3);
    add_field(md, "value", "\x06\x13\x01", 3);
    add_field(md, "_entries", "\x06\x1d\x15\x11\x28\x02\x13\x00\x13\x01",
              10); /* Entry: TypeDef 10 */
    add_field(md, "hash", "\x06\x08", 2);
    add_field(md, "key", "\x06\x13\x00", 3);
    add_field(md, "value", "\x06\x13\x01", 3);
    synth_metadata_row(md, 0x29, "22", (uint32_t)CORE_ENTRY, (uint32_t)CORE_DICT);
    synth_metadata_row(md, 0x2a, "2222", 0u, 0u, (uint32_t)CORE_LIST << 1,
                       synth_metadata_string(md, "TItem"));
    return synth_metadata_end(md, len);
}

/* System.Runtime: nothing but "Pair`2 is in System.Private.CoreLib". */
static uint8_t *facade_metadata(size_t *len)
{
    synth_metadata *md = synth_metadata_begin();
    add_assembly(md, "System.Runtime", "Facade.dll");
    synth_metadata_row(md, 0x23, "222242222", 1u, 0u, 0u, 0u, 0u, 0u,
                       synth_metadata_string(md, "System.Private.CoreLib"), 0u, 0u);
    synth_metadata_row(md, 0x27, "44222", 0u, 0u, synth_metadata_string(md, "Pair`2"),
                       synth_metadata_string(md, "System"), 1u << 2 | 1u);
    return synth_metadata_end(md, len);
}

static uint8_t *shop_metadata(size_t *len)
{
    synth_metadata *md = synth_metadata_begin();
    add_assembly(md, "Shop", "Shop.dll");
    synth_metadata_row(md, 0x01, "222", 1u << 2 | 2u, synth_metadata_string(md, "Pair`2"),
                       synth_metadata_string(md, "System"));
    synth_metadata_row(md, 0x01, "222", 2u << 2 | 2u, synth_metadata_string(md, "List`1"),
                       synth_metadata_string(md, "System"));
    add_typedef(md, 0, "", "<Module>", 1);
    add_typedef(md, 1, "Shop", "Cart", 1);
    add_typedef(md, 1, "Shop", "Inline", 7);
    add_typedef(md, 1, "Shop", "Holder", 8);
    add_typedef(md, 1, "Shop", "Rack", 11);
    add_typedef(md, 1, "Shop", "Special", 12);
    add_field(md, "owner", "\x06\x0e", 2);
    add_field(md, "best", "\x06\x15\x11\x05\x02\x08\x0e", 7); /* Pair<int, string>: TypeRef 1 */
    add_field(md, "count", "\x06\x08", 2);
    add_field(md, "Current", "\x06\x12\x08", 3);
    add_field(md, "Last", "\x06\x15\x11\x05\x02\x08\x0e", 7);
    add_field(md, "Mine", "\x06\x1c", 2);
    add_field(md, "item", "\x06\x1c", 2);
    add_field(md, "slots", "\x06\x11\x0c", 3); /* TypeDef 3 */
    add_field(md, "after", "\x06\x1c", 2);
    add_field(md, "names", "\x06\x15\x12\x09\x01\x0e", 6); /* List<string>: TypeRef 2 */
    add_field(md, "pair", "\x06\x15\x11\x05\x02\x08\x0e", 7);
    add_field(md, "extra", "\x06\x1c", 2);
    add_field(md, "rack", "\x06\x11\x14", 3); /* TypeDef 5 */
    synth_metadata_row(md, 0x23, "222242222", 1u, 0u, 0u, 0u, 0u, 0u,
                       synth_metadata_string(md, "System.Runtime"), 0u, 0u);
    synth_metadata_row(md, 0x23, "222242222", 1u, 0u, 0u, 0u, 0u, 0u,
                       synth_metadata_string(md, "System.Private.CoreLib"), 0u, 0u);
    return synth_metadata_end(md, len);
}

/* ---- modules ---- */

static uint64_t add_module(struct fake_types *f, uint8_t *metadata, size_t len, const char *path)
{
    size_t image_len;
    assert_non_null(metadata);
    uint8_t *image = synth_pe_image(metadata, len, 1, 1, &image_len);
    assert_non_null(image);
    uint64_t base = ft_room(f, image_len), module = ft_room(f, 0x800);
    memcpy(at(f, base, image_len), image, image_len);
    f->files[f->dump.nmodules++] =
        (hgr_module){.path = path, .base_addr = base, .size_bytes = image_len};
    free(image);
    free(metadata);
    if (!f->is_8) {
        ft_u64(f, module + 224, base);
        return module;
    }
    uint64_t assembly = ft_room(f, 16), pe_image = ft_room(f, 0x80), layout = ft_room(f, 16);
    ft_u64(f, module + 0x110, assembly);
    ft_u64(f, assembly + 8, pe_image);
    ft_u64(f, pe_image + 0x78, layout);
    ft_u64(f, layout + 8, base);
    return module;
}

/* The application domain's list: two blocks, so that the link between them is walked. */
static void add_assemblies(struct fake_types *f)
{
    uint64_t modules[] = {f->core, f->facade, f->shop};
    uint64_t domain = ft_room(f, 0xa80), list = domain + (f->is_8 ? 0x9f0 : 0x240);
    uint64_t second = ft_room(f, 32), block = list + 8;
    f->runtime.app_domain_addr = domain;
    ft_u32(f, list, 3);
    ft_u64(f, block, second);
    ft_u32(f, block + 8, 2);
    ft_u32(f, second + 8, 5); /* room for more than there is */
    for (int i = 0; i < 3; i++) {
        uint64_t item = ft_room(f, 0x40), slot = i < 2 ? block + 16 + 8 * (uint64_t)i : second + 16;
        ft_u64(f, slot, item);
        if (f->is_8) {
            ft_u64(f, item + 0x18, modules[i]);
        } else {
            uint64_t assembly = ft_room(f, 0x40);
            ft_u64(f, item, assembly);
            ft_u64(f, assembly + 0x10, modules[i]);
        }
    }
}

/* TypeDef row -> method table: two pieces, flags in the low bits as the runtime keeps them. */
static void add_map(struct fake_types *f, uint64_t module)
{
    uint64_t map = module + (f->is_8 ? 0x2f0 : 416), next = ft_room(f, 32);
    uint64_t first_table = ft_room(f, 4 * 8), second_table = ft_room(f, 16 * 8);
    ft_u64(f, map, next);
    ft_u64(f, map + 8, first_table);
    ft_u32(f, map + 16, 4);
    ft_u64(f, map + 24, 1);
    ft_u64(f, next + 8, second_table);
    ft_u32(f, next + 16, 16);
    ft_u64(f, next + 24, 1);
}

static void map_type(struct fake_types *f, uint64_t module, uint32_t row, uint64_t mt)
{
    uint64_t map = module + (f->is_8 ? 0x2f0 : 416), next, table;
    memcpy(&next, at(f, map, 8), 8);
    memcpy(&table, at(f, row < 4 ? map + 8 : next + 8, 8), 8);
    ft_u64(f, table + 8 * (uint64_t)(row < 4 ? row : row - 4), mt | 1);
}

/* Bucket arrays begin with {count, next, end mark}; a chain ends with the mark, whose bit 0 is set.
 */
static void add_hash(struct fake_types *f)
{
    uint64_t table = ft_room(f, 32), buckets = ft_room(f, 8 * 6);
    ft_u64(f, f->core + (f->is_8 ? 0x3c8 : 600), table);
    ft_u64(f, table + 16, buckets);
    ft_u64(f, buckets, 3);
    ft_u64(f, buckets + 16, buckets | 1);
    f->hash_heads = buckets + 24;
    for (uint64_t i = 0; i < 3; i++)
        ft_u64(f, f->hash_heads + 8 * i, buckets | 1);
}

void ft_construct(struct fake_types *f, uint64_t handle)
{
    uint64_t head = f->hash_heads + 8 * (handle / 64 % 3), entry = ft_room(f, 16), next;
    memcpy(&next, at(f, head, 8), 8);
    ft_u64(f, entry, handle | 1);
    ft_u64(f, entry + 8, next);
    ft_u64(f, head, entry);
}

/* ---- types ---- */

struct field {
    uint32_t rid, kind; /* bits 24 static, 25 thread static */
    uint32_t offset, element;
};

struct counts {
    uint32_t instance, statics, thread_statics; /* instance: inherited ones too */
};

static void put_counts(struct fake_types *f, uint64_t class_addr, struct counts counts)
{
    if (!f->is_8) {
        ft_u16(f, class_addr + 50, (uint16_t)counts.instance);
        ft_u16(f, class_addr + 54, (uint16_t)counts.statics);
        ft_u16(f, class_addr + 58, (uint16_t)counts.thread_statics);
        return;
    }
    /* Packed: each number behind 5 bits that say its length less one. */
    const uint32_t values[8] = {counts.instance,       9, counts.statics, 0, 0, 300,
                                counts.thread_statics, 4};
    uint32_t bit = 0;
    uint64_t block = class_addr + 0x40;
    f->bytes[class_addr - FT_BASE + 49] = 1;
    f->bytes[class_addr - FT_BASE + 50] = 0x40;
    for (int i = 0; i < 8; i++) {
        uint32_t length = 1;
        while (values[i] >> length)
            length++;
        uint64_t coded = (length - 1) | (uint64_t)values[i] << 5;
        for (uint32_t b = 0; b < 5 + length; b++, bit++)
            if (coded >> b & 1)
                *at(f, block + bit / 8, 1) |= (uint8_t)(1 << bit % 8);
    }
}

static uint64_t add_class(struct fake_types *f, uint64_t mt, const struct field *fields,
                          size_t count, struct counts counts)
{
    uint64_t class_addr = ft_room(f, 0x80), list = ft_room(f, 16 * count + 1);
    ft_u64(f, class_addr + 16, mt);
    ft_u64(f, class_addr + 24, list);
    put_counts(f, class_addr, counts);
    for (size_t i = 0; i < count; i++) {
        ft_u64(f, list + 16 * i, mt);
        ft_u32(f, list + 16 * i + 8, fields[i].rid | fields[i].kind << 24);
        ft_u32(f, list + 16 * i + 12, fields[i].offset | fields[i].element << 27);
    }
    return class_addr;
}

/* Room below for a pointer map, above for what 8 keeps behind the table. */
static uint64_t add_table(struct fake_types *f, uint64_t module, uint32_t row, uint32_t flags,
                          uint32_t base_size, uint64_t parent)
{
    uint64_t mt = ft_room(f, 64 + 128) + 64, auxiliary = ft_room(f, 64 + 16) + 64;
    ft_u32(f, mt, flags);
    ft_u32(f, mt + 4, base_size);
    ft_u32(f, mt + 8, f->is_8 ? row << 16 : row << 8);
    ft_u64(f, mt + 16, parent);
    ft_u64(f, mt + 24, module);
    ft_u64(f, mt + 32, auxiliary);
    ft_u64(f, auxiliary + 8, module);
    return mt;
}

static uint64_t add_type(struct fake_types *f, uint64_t module, uint32_t row, uint32_t flags,
                         uint32_t base_size, uint64_t parent)
{
    uint64_t mt = add_table(f, module, row, flags, base_size, parent);
    ft_u64(f, mt + 40, add_class(f, mt, NULL, 0, (struct counts){0}));
    map_type(f, module, row, mt);
    return mt;
}

uint64_t ft_instance(struct fake_types *f, uint64_t module, uint32_t row, uint32_t flags,
                     uint32_t base_size, uint64_t parent, uint64_t canonical, uint32_t count,
                     const uint64_t *arguments)
{
    uint64_t mt = add_table(f, module, row, flags | 0x10, base_size, parent);
    uint64_t dictionary = ft_room(f, 8 * count), info = ft_room(f, 16) + 8;
    ft_u16(f, info - 4, 1);
    ft_u16(f, info - 2, (uint16_t)count);
    ft_u64(f, info, dictionary);
    for (uint32_t i = 0; i < count; i++)
        ft_u64(f, dictionary + 8 * i, arguments[i]);
    ft_u64(f, mt + 48, info);
    if (canonical)
        ft_u64(f, mt + 40, canonical | 1);
    return mt;
}

static uint64_t add_array(struct fake_types *f, uint64_t element, uint32_t component, uint32_t rank)
{
    uint32_t flags = 0x80080000u | (rank ? 0 : 0x20000u) | component;
    uint64_t mt = add_table(f, f->core, 0, flags, 24 + 8 * rank, f->array);
    ft_u64(f, mt + 40, add_class(f, mt, NULL, 0, (struct counts){0}));
    ft_u64(f, mt + 48, element);
    ft_construct(f, mt);
    return mt;
}

uint64_t ft_desc(struct fake_types *f, uint8_t kind, uint64_t argument, uint32_t token)
{
    uint64_t desc = ft_room(f, 64);
    ft_u32(f, desc, kind);
    ft_u64(f, desc + (f->is_8 ? 8 : 16), argument);
    ft_u32(f, desc + 40, token);
    return desc | 2;
}

uint64_t ft_function(struct fake_types *f, uint32_t count, const uint64_t *result_and_arguments)
{
    uint64_t desc = ft_room(f, 128), words = desc + (f->is_8 ? 16 : 24);
    ft_u32(f, desc, 0x1b);
    ft_u32(f, words, count);
    for (uint32_t i = 0; i <= count; i++)
        ft_u64(f, words + 8 + 8 * i, result_and_arguments[i]);
    return desc | 2;
}

static void add_core_types(struct fake_types *f)
{
    f->object = add_type(f, f->core, CORE_OBJECT, 0, 24, 0);
    f->value_type = add_type(f, f->core, CORE_VALUE_TYPE, 0, 24, f->object);
    f->string = add_type(f, f->core, CORE_STRING, 0x80000002u, 22, f->object);
    f->int32 = add_type(f, f->core, CORE_INT32, 0x70000, 24, f->value_type);
    f->array = add_type(f, f->core, CORE_ARRAY, 0, 24, f->object);
    f->canon = add_type(f, f->core, CORE_CANON, 0, 24, f->object);
    f->runtime.object_mt = f->object;
    f->runtime.string_mt = f->string;
    f->runtime.free_mt = ft_room(f, 64);
    ft_u32(f, f->runtime.free_mt, 0x80000001u);
    ft_u32(f, f->runtime.free_mt + 4, 24);
}

static struct counts count_kinds(const struct field *fields, size_t count)
{
    struct counts counts = {0};
    for (size_t i = 0; i < count; i++) {
        counts.instance += !(fields[i].kind & 1);
        counts.statics += fields[i].kind & 1;
        counts.thread_statics += fields[i].kind >> 1;
    }
    return counts;
}

/* A generic type's canonical table, with its class and fields, and one exact instance. */
static void add_generic(struct fake_types *f, uint32_t row, uint32_t flags, uint32_t base_size,
                        uint64_t parent, const struct field *fields, size_t nfields,
                        uint32_t narguments, const uint64_t *canonical_arguments,
                        const uint64_t *arguments, uint64_t *out_canonical, uint64_t *out_exact)
{
    *out_canonical =
        ft_instance(f, f->core, row, flags, base_size, parent, 0, narguments, canonical_arguments);
    ft_u64(f, *out_canonical + 40,
           add_class(f, *out_canonical, fields, nfields, count_kinds(fields, nfields)));
    *out_exact = ft_instance(f, f->core, row, flags, base_size, parent, *out_canonical, narguments,
                             arguments);
    ft_construct(f, *out_canonical);
    ft_construct(f, *out_exact);
}

static void add_generics(struct fake_types *f)
{
    const struct field list[] = {{1, 0, 0, 18}, {2, 0, 8, 8}, {3, 1, 0, 18}};
    const struct field pair[] = {{4, 0, 8, 8},
                                 {5, 0, 0, 18}}; /* the runtime puts references first */
    const struct field dict[] = {{6, 0, 0, 18}};
    const struct field entry[] = {{7, 0, 16, 8}, {8, 0, 0, 18}, {9, 0, 8, 18}};
    const uint64_t canon2[] = {f->canon, f->canon}, cart[] = {f->cart};
    const uint64_t int_canon[] = {f->int32, f->canon}, int_string[] = {f->int32, f->string};
    const uint64_t string_cart[] = {f->string, f->cart};
    add_generic(f, CORE_LIST, 0, 32, f->object, list, 3, 1, canon2, cart, &f->list_canon,
                &f->list_cart);
    add_generic(f, CORE_PAIR, 0x40000, 32, f->value_type, pair, 2, 2, int_canon, int_string,
                &f->pair_canon, &f->pair_exact);
    add_generic(f, CORE_DICT, 0, 24, f->object, dict, 1, 2, canon2, string_cart, &f->dict_canon,
                &f->dict_exact);
    add_generic(f, CORE_ENTRY, 0x40000, 40, f->value_type, entry, 3, 2, canon2, string_cart,
                &f->entry_canon, &f->entry_exact);
}

static void add_shop_types(struct fake_types *f)
{
    f->cart = add_table(f, f->shop, SHOP_CART, 0x01000000, 48, f->object);
    f->inline_struct = add_table(f, f->shop, SHOP_INLINE, 0x40000, 40, f->value_type);
    f->holder = add_table(f, f->shop, SHOP_HOLDER, 0, 56, f->object);
    f->rack = add_table(f, f->shop, SHOP_RACK, 0x40000, 48, f->value_type);
    f->special = add_table(f, f->shop, SHOP_SPECIAL, 0, 88, f->cart);
    map_type(f, f->shop, SHOP_CART, f->cart);
    map_type(f, f->shop, SHOP_INLINE, f->inline_struct);
    map_type(f, f->shop, SHOP_HOLDER, f->holder);
    map_type(f, f->shop, SHOP_RACK, f->rack);
    map_type(f, f->shop, SHOP_SPECIAL, f->special);
    const struct field cart[] = {{1, 0, 0, 18}, {2, 0, 8, 17}, {3, 0, 24, 8},
                                 {4, 1, 0, 18}, {5, 1, 8, 17}, {6, 3, f->is_8 ? 8 : 24, 18}};
    const struct field inline_struct[] = {{7, 0, 0, 18}};
    const struct field holder[] = {{8, 0, 0, 17}, {9, 0, 24, 18}, {10, 0, 32, 18}};
    const struct field rack[] = {{11, 0, 0, 17}};
    const struct field special[] = {{12, 0, 32, 18}, {13, 0, 40, 17}};
    ft_u64(f, f->cart + 40, add_class(f, f->cart, cart, 6, (struct counts){3, 3, 1}));
    ft_u64(f, f->inline_struct + 40,
           add_class(f, f->inline_struct, inline_struct, 1, (struct counts){1, 0, 0}));
    ft_u64(f, f->holder + 40, add_class(f, f->holder, holder, 3, (struct counts){3, 0, 0}));
    ft_u64(f, f->rack + 40, add_class(f, f->rack, rack, 1, (struct counts){1, 0, 0}));
    ft_u64(f, f->special + 40, add_class(f, f->special, special, 2, (struct counts){5, 0, 0}));
    /* Cart's pointer map: owner and best.value, side by side. */
    ft_u64(f, f->cart - 8, 1);
    ft_u64(f, f->cart - 16, 8);
    ft_u64(f, f->cart - 24, (uint64_t)(int64_t)(16 - 48));
}

static void add_arrays(struct fake_types *f)
{
    f->cart_vector = add_array(f, f->cart, 8, 0);
    f->cart_matrix = add_array(f, f->cart, 8, 2);
    f->int_lower_bound = add_array(f, f->int32, 4, 1);
    f->pair_vector = add_array(f, f->pair_exact, 16, 0);
    f->matrix_vector = add_array(f, f->cart_matrix, 8, 0);
    f->dict_entries = add_array(f, f->entry_exact, 24, 0);
}

/* ---- statics ---- */

static void add_statics_10(struct fake_types *f)
{
    uint64_t auxiliary, gc = ft_room(f, 32), local = ft_room(f, 64), array = ft_room(f, 64);
    uint64_t per_type = ft_room(f, 48);
    memcpy(&auxiliary, at(f, f->cart + 32, 8), 8);
    ft_u32(f, f->cart + 8, SHOP_CART << 8 | 2);
    ft_u64(f, auxiliary - 24, gc | 1); /* bit 0: its constructor has not run */
    ft_u32(f, auxiliary - 36, 3);      /* kind 0, number 3: element 1 of the thread's array */
    f->current_slot = gc;
    f->last_slot = gc + 8;
    ft_u64(f, f->threads[0].thread_addr + 568, local);
    ft_u64(f, local + 8, array);
    ft_u32(f, array + 8, 2);
    ft_u64(f, array + 16 + 8, per_type);
    uint64_t list_auxiliary, shared = ft_room(f, 16);
    memcpy(&list_auxiliary, at(f, f->list_cart + 32, 8), 8);
    ft_u32(f, f->list_cart + 8, CORE_LIST << 8 | 2);
    ft_u64(f, list_auxiliary - 24, shared);
    f->shared_slot = shared;
    f->mine_slot = per_type + 24; /* its offset counts the array's header */
    f->thread_array_slot = local + 8;
}

static void add_statics_8(struct fake_types *f)
{
    uint64_t local_module = ft_room(f, 64), gc = ft_room(f, 32), table = ft_room(f, 64);
    uint64_t thread_module = ft_room(f, 64), handle = ft_room(f, 16), array = ft_room(f, 64);
    ft_u64(f, f->shop + 0x4c8, local_module);
    ft_u64(f, f->shop + 0x4d0, 5); /* module index */
    ft_u64(f, local_module + 0x20, gc);
    f->current_slot = gc;
    f->last_slot = gc + 8;
    /* List<Cart>: info behind one chunk of virtual slots and two optional slots; number 1 of the
     * core's table. */
    uint64_t core_local = ft_room(f, 64), dynamic = ft_room(f, 32), entry = ft_room(f, 16);
    uint64_t descs = ft_room(f, 32), shared = ft_room(f, 32);
    ft_u32(f, f->list_cart, 0x10 | 4);
    ft_u32(f, f->list_cart + 8, CORE_LIST << 16 | 3);
    ft_u16(f, f->list_cart + 12, 4);
    ft_u64(f, f->list_cart + 64 + 8, descs);
    ft_u32(f, f->list_cart + 64 + 16, 1);
    ft_u64(f, descs, f->list_cart);
    ft_u32(f, descs + 8, 3 | 1 << 24);
    ft_u32(f, descs + 12, 8 | 18u << 27); /* its own offset */
    ft_u32(f, descs + 16 + 8, 3 | 1 << 24); /* another's, right behind */
    ft_u32(f, descs + 16 + 12, 16 | 18u << 27);
    ft_u64(f, shared + 16, 0x5550);
    ft_u64(f, f->core + 0x4c8, core_local);
    ft_u64(f, core_local + 8, dynamic);
    ft_u32(f, core_local + 16, 2);
    ft_u64(f, dynamic + 16, entry);
    ft_u64(f, entry, shared);
    f->shared_slot = shared + 8;
    ft_u64(f, f->threads[0].thread_addr + 0x438, table);
    ft_u64(f, f->threads[0].thread_addr + 0x440, 6);
    ft_u64(f, table + 8 * 5, thread_module);
    ft_u64(f, thread_module + 0x10, handle);
    ft_u64(f, handle, array);
    f->mine_slot = array + 16 + 8;
}

static void add_statics(struct fake_types *f)
{
    f->threads[0] = (hgr_clr_thread){.thread_addr = ft_room(f, 0x500), .id = 1, .os_id = 77};
    f->threads[1] = (hgr_clr_thread){.thread_addr = ft_room(f, 0x500), .id = 2, .os_id = 78};
    f->runtime.threads = f->threads;
    f->runtime.nthreads = 2;
    if (f->is_8)
        add_statics_8(f);
    else
        add_statics_10(f);
    ft_u64(f, f->current_slot, 0x1110);
    ft_u64(f, f->last_slot, 0x2220);
    ft_u64(f, f->mine_slot, 0x3330);
    ft_u64(f, f->shared_slot, 0x4440);
}

void fake_types_make(struct fake_types *f, uint32_t major)
{
    size_t len;
    memset(f, 0, sizeof *f);
    f->is_8 = major == 8;
    f->bytes = calloc(1, FT_BYTES);
    f->used = 16;
    assert_non_null(f->bytes);
    assert_int_equal(hgr_run_create(1, &f->run, NULL), HGR_OK);
    hgr_space_init(&f->dump.space, f->run, 8);
    hgr_arena_init(&f->dump.arena, f->run);
    f->dump.modules = f->files;
    f->runtime.run = f->run;
    f->runtime.dump = &f->dump;
    f->runtime.space = &f->dump.space;
    f->runtime.layout = *hgr_clr_layout_find(major, "linux", 8);
    uint8_t *metadata = core_metadata(&len);
    f->core = add_module(f, metadata, len, "/app/CoreLib.dll");
    metadata = facade_metadata(&len);
    f->facade = add_module(f, metadata, len, "/app/Facade.dll");
    metadata = shop_metadata(&len);
    f->shop = add_module(f, metadata, len, "/app/Shop.dll");
    add_assemblies(f);
    add_map(f, f->core);
    add_map(f, f->facade);
    add_map(f, f->shop);
    add_hash(f);
    add_core_types(f);
    add_shop_types(f);
    add_generics(f);
    add_arrays(f);
    add_statics(f);
}

void fake_types_seal(struct fake_types *f, size_t piece)
{
    for (size_t off = 0; off < FT_BYTES; off += piece ? piece : FT_BYTES) {
        size_t len = piece && piece < FT_BYTES - off ? piece : FT_BYTES - off;
        hgr_range range = {
            .start_addr = FT_BASE + off, .end_addr = FT_BASE + off + len, .bytes = f->bytes + off};
        if (piece) { /* not side by side: a copy of its own */
            uint8_t *copy = hgr_arena_alloc(&f->dump.arena, len, NULL);
            assert_non_null(copy);
            memcpy(copy, range.bytes, len);
            range.bytes = copy;
        }
        assert_int_equal(hgr_space_add(&f->dump.space, &range, NULL), HGR_OK);
    }
    assert_int_equal(hgr_space_seal(&f->dump.space, NULL), HGR_OK);
}

void fake_types_free(struct fake_types *f)
{
    hgr_space_fini(&f->dump.space);
    hgr_arena_fini(&f->dump.arena);
    hgr_run_free(f->run);
    free(f->bytes);
}
