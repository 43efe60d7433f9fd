/* clr: method tables, names, fields, slot names and statics of a hand-written type system, healthy,
 * damaged and short of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake_types.h"

/* ---- describe ---- */

static void tables_are_described(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    for (int i = 0; i < 2; i++) {
        struct fake_types f;
        hgr_clr_types *types = NULL;
        hgr_shape shape;
        fake_types_make(&f, majors[i]);
        fake_types_seal(&f, 0);
        assert_int_equal(hgr_clr_types_create(&f.runtime, f.run, &types, NULL), HGR_OK);
        assert_int_equal(hgr_clr_describe(types, f.cart, &shape, NULL), HGR_OK);
        assert_int_equal(shape.base_size, 48);
        assert_int_equal(shape.slots, HGR_SLOTS_FIXED);
        assert_int_equal(shape.nruns, 1);
        assert_int_equal(shape.runs[0].offset, 8);
        assert_int_equal(shape.runs[0].count, 2);
        assert_int_equal(hgr_clr_describe(types, f.string, &shape, NULL), HGR_OK);
        assert_int_equal(shape.component_size, 2);
        assert_int_equal(hgr_clr_describe(types, f.runtime.free_mt, &shape, NULL), HGR_OK);
        assert_int_equal(shape.flags, HGR_SHAPE_FREE);
        assert_int_equal(hgr_clr_describe(types, f.list_cart, &shape, NULL), HGR_OK);
        hgr_clr_types_free(types);
        fake_types_free(&f);
    }
}

static void collectible_tables_keep_their_allocator(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_types *types = NULL;
    hgr_shape shape;
    fake_types_make(&f, 10);
    uint64_t allocator = ft_room(&f, 0x300), handle = ft_room(&f, 16);
    ft_u64(&f, f.shop + 176, allocator);
    ft_u64(&f, allocator + 0x2f0, handle);
    ft_u64(&f, handle, 0x4440);
    ft_u32(&f, f.holder, 0x00200000);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_types_create(&f.runtime, f.run, &types, NULL), HGR_OK);
    assert_int_equal(hgr_clr_describe(types, f.holder, &shape, NULL), HGR_OK);
    assert_int_equal(shape.implied_addr, 0x4440);
    assert_int_equal(hgr_clr_describe(types, f.cart, &shape, NULL), HGR_OK);
    assert_int_equal(shape.implied_addr, 0);
    hgr_clr_types_free(types);
    fake_types_free(&f);
}

/* What each damage does to the shop's Holder. */
static void damage(struct fake_types *f, int kind)
{
    uint64_t class_addr;
    memcpy(&class_addr, f->bytes + (f->holder + 40 - FT_BASE), 8);
    switch (kind) {
    case 0:
        ft_u32(f, f->holder + 4, 8); /* smaller than any object */
        break;
    case 1:
        ft_u32(f, f->holder + 4, 0x80000000u);
        break;
    case 2:
        ft_u32(f, f->holder + 4, 44); /* no multiple of a pointer */
        break;
    case 3:
        ft_u64(f, f->holder + 16, f->holder); /* its own parent */
        break;
    case 4:
        ft_u64(f, f->holder + 16, 0); /* a second root */
        break;
    case 5:
        ft_u64(f, f->holder + 16, f->holder + 8); /* a parent that is no table */
        break;
    case 6:
        ft_u64(f, class_addr + 16, f->cart); /* another's class */
        break;
    case 7:
        ft_u64(f, f->holder + 40, 0x10); /* a class out of this world */
        break;
    case 8:
        ft_u64(f, f->object + 16, f->value_type); /* Object below ValueType below Object */
        break;
    default:
        ft_u32(f, f->holder, 0x00080000); /* an array without elements */
        break;
    }
}

static void types_without_instances_are_refused(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_types *types = NULL;
    hgr_shape shape;
    uint64_t class_addr;
    fake_types_make(&f, 10);
    memcpy(&class_addr, f.bytes + (f.holder + 40 - FT_BASE), 8);
    ft_u32(&f, class_addr + 40, 0x80);    /* abstract */
    ft_u32(&f, f.inline_struct, 0x40030); /* an open generic structure */
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_types_create(&f.runtime, f.run, &types, NULL), HGR_OK);
    const uint64_t none[] = {f.holder, f.inline_struct};
    for (int i = 0; i < 2; i++) {
        assert_true(hgr_clr_is_method_table(types, none[i])); /* a type all the same */
        assert_int_equal(hgr_clr_describe(types, none[i], &shape, NULL), HGR_NOT_FOUND);
    }
    hgr_clr_types_free(types);
    fake_types_free(&f);
}

static void damaged_tables_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < 10; kind++) {
        struct fake_types f;
        hgr_clr_types *types = NULL;
        hgr_shape shape;
        hgr_status status = {0};
        fake_types_make(&f, 10);
        damage(&f, kind);
        fake_types_seal(&f, 0);
        assert_int_equal(hgr_clr_types_create(&f.runtime, f.run, &types, NULL), HGR_OK);
        for (int again = 0; again < 2; again++) {
            if (hgr_clr_describe(types, f.holder, &shape, &status) != HGR_NOT_FOUND)
                fail_msg("damage %d was accepted", kind);
            assert_false(hgr_clr_is_method_table(types, f.holder));
        }
        const uint64_t never[] = {0,          1,          7,          f.cart + 1,
                                  f.cart + 8, f.cart - 8, UINT64_MAX, UINT64_MAX & ~7ull};
        for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
            assert_false(hgr_clr_is_method_table(types, never[i]));
        assert_int_equal(hgr_clr_is_method_table(types, f.cart), kind != 8);
        hgr_clr_types_free(types);
        fake_types_free(&f);
    }
}

/* ---- names ---- */

static void assert_name(struct fake_types *f, hgr_clr_names *names, uint64_t mt,
                        const char *expected)
{
    hgr_text text;
    hgr_text_init(&text, f->run);
    assert_true(hgr_clr_type_name(names, mt, &text));
    assert_string_equal(hgr_text_get(&text), expected);
    hgr_text_fini(&text);
}

static void check_names(struct fake_types *f, hgr_clr_names *names)
{
    assert_name(f, names, f->runtime.free_mt, "Free");
    assert_name(f, names, f->cart, "Shop.Cart");
    assert_name(f, names, f->list_cart, "System.List<Shop.Cart>");
    assert_name(f, names, f->pair_exact, "System.Pair<System.Int32, System.String>");
    assert_name(f, names, f->entry_exact, "System.Dict<System.String, Shop.Cart>+Entry");
    assert_name(f, names, f->cart_vector, "Shop.Cart[]");
    assert_name(f, names, f->cart_matrix, "Shop.Cart[,]");
    assert_name(f, names, f->int_lower_bound, "System.Int32[*]");
    assert_name(f, names, f->matrix_vector, "Shop.Cart[,][]"); /* one dimension of matrices */
    assert_name(f, names, f->pair_vector, "System.Pair<System.Int32, System.String>[]");
}

static void names_are_printed(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    const size_t pieces[] = {0, 512}; /* metadata across ranges is copied together */
    for (int i = 0; i < 4; i++) {
        struct fake_types f;
        hgr_clr_names *names = NULL;
        fake_types_make(&f, majors[i & 1]);
        fake_types_seal(&f, pieces[i >> 1]);
        assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
        for (int again = 0; again < 2; again++)
            check_names(&f, names);
        assert_string_equal(hgr_clr_type_module(names, f.cart), "/app/Shop.dll");
        assert_string_equal(hgr_clr_type_module(names, f.list_cart), "/app/CoreLib.dll");
        assert_string_equal(hgr_clr_type_module(names, 0x10), "");
        hgr_clr_names_free(names);
        fake_types_free(&f);
    }
}

static void type_descriptions_are_printed(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    for (int i = 0; i < 2; i++) {
        struct fake_types f;
        hgr_clr_names *names = NULL;
        fake_types_make(&f, majors[i]);
        uint64_t pointer = ft_desc(&f, 0x0f, f.int32, 0), byref = ft_desc(&f, 0x10, pointer, 0);
        uint64_t variable = ft_desc(&f, 0x13, f.core, 0x2a000001);
        const uint64_t signature[] = {f.int32, f.string, pointer};
        uint64_t function = ft_function(&f, 2, signature);
        uint64_t list[4];
        const uint64_t handles[] = {pointer, byref, variable, function};
        for (int j = 0; j < 4; j++)
            list[j] =
                ft_instance(&f, f.core, CORE_LIST, 0, 32, f.object, f.list_canon, 1, &handles[j]);
        fake_types_seal(&f, 0);
        assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
        assert_name(&f, names, list[0], "System.List<System.Int32*>");
        assert_name(&f, names, list[1], "System.List<System.Int32*&>");
        assert_name(&f, names, list[2], "System.List<TItem>");
        assert_name(&f, names, list[3], "System.List<System.Int32(System.String, System.Int32*)>");
        hgr_clr_names_free(names);
        fake_types_free(&f);
    }
}

static void assert_no_name(struct fake_types *f, hgr_clr_names *names, uint64_t mt)
{
    hgr_text text;
    hgr_text_init(&text, f->run);
    assert_false(hgr_clr_type_name(names, mt, &text));
    assert_non_null(strstr(hgr_text_get(&text), "<method table 0x"));
    assert_true(text.len < 64 * 1024);
    assert_false(text.failed);
    hgr_text_fini(&text);
}

static void what_has_no_name_says_its_address(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    fake_types_make(&f, 10);
    const uint64_t bad_and_good[] = {0x10, f.cart};
    uint64_t entry =
        ft_instance(&f, f.core, CORE_ENTRY, 0, 40, f.object, f.entry_canon, 2, bad_and_good);
    const uint64_t one[] = {f.cart};
    uint64_t pair = ft_instance(&f, f.core, CORE_PAIR, 0, 40, f.object, f.pair_canon, 1, one);
    ft_u32(&f, f.holder + 8, 500u << 8); /* no such row */
    ft_u64(&f, f.inline_struct + 24, 0); /* no module */
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_no_name(&f, names, entry); /* the good last segment does not make up for the first */
    assert_name(&f, names, pair, "System.Pair`2"); /* one argument for two places: as written */
    assert_no_name(&f, names, f.holder);
    assert_no_name(&f, names, f.inline_struct);
    assert_no_name(&f, names, 0x10);
    assert_no_name(&f, names, 0);
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

static void types_made_of_themselves_end(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    fake_types_make(&f, 10);
    const uint64_t two[2] = {0};
    uint64_t info, dictionary;
    memcpy(&info, f.bytes + (f.list_cart + 48 - FT_BASE), 8);
    memcpy(&dictionary, f.bytes + (info - FT_BASE), 8);
    ft_u64(&f, dictionary, f.list_cart);               /* List<List<List<... */
    ft_u64(&f, f.matrix_vector + 48, f.matrix_vector); /* an array of itself */
    uint64_t wide = ft_instance(&f, f.core, CORE_PAIR, 0, 32, f.object, f.pair_canon, 2, two);
    memcpy(&info, f.bytes + (wide + 48 - FT_BASE), 8);
    memcpy(&dictionary, f.bytes + (info - FT_BASE), 8);
    ft_u64(&f, dictionary, wide); /* doubles at every level */
    ft_u64(&f, dictionary + 8, wide);
    uint64_t pointer = ft_desc(&f, 0x0f, 0, 0);
    ft_u64(&f, (pointer & ~3ull) + 16, pointer); /* a pointer to itself */
    const uint64_t pointers[] = {pointer};
    uint64_t list = ft_instance(&f, f.core, CORE_LIST, 0, 32, f.object, f.list_canon, 1, pointers);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_no_name(&f, names, f.list_cart);
    assert_no_name(&f, names, f.matrix_vector);
    assert_no_name(&f, names, wide);
    hgr_text text;
    hgr_text_init(&text, f.run);
    assert_false(hgr_clr_type_name(names, list, &text));
    hgr_text_fini(&text);
    assert_name(&f, names, f.cart, "Shop.Cart"); /* and others are none the worse */
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

/* 8: the module of an instance that lives in another loader's memory is behind the optional slots.
 */
static void module_overrides_are_followed(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    fake_types_make(&f, 8);
    ft_u32(&f, f.holder + 8,
           SHOP_HOLDER << 16 | 0x10 | 0x7); /* three slots before the override's */
    ft_u16(&f, f.holder + 12, 9);           /* two chunks of virtual slots */
    ft_u64(&f, f.holder + 24, f.core);
    ft_u64(&f, f.holder + 64 + 8 * 2 + 8, f.shop);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_name(&f, names, f.holder, "Shop.Holder");
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

static void emitted_modules_have_names(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    for (int i = 0; i < 2; i++) {
        struct fake_types f;
        hgr_clr_names *names = NULL;
        fake_types_make(&f, majors[i]);
        /* The shop loses its image; the same metadata becomes a snapshot of an emitted module. */
        uint64_t image = f.files[2].base_addr, metadata = image + 0x400 + 72;
        uint32_t len = (uint32_t)f.files[2].size_bytes - 0x400 - 72;
        uint64_t snapshot = ft_room(&f, len + 32),
                 content = f.is_8 ? ft_room(&f, len) : snapshot + 4;
        memcpy(f.bytes + (content - FT_BASE), f.bytes + (metadata - FT_BASE), len);
        ft_u32(&f, snapshot, len);
        if (f.is_8)
            ft_u64(&f, snapshot + 16, content);
        ft_u64(&f, f.shop + (f.is_8 ? 0x110 : 224), 0);
        ft_u64(&f, f.shop + (f.is_8 ? 0x698 : 840), snapshot);
        fake_types_seal(&f, 0);
        assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
        assert_name(&f, names, f.cart, "Shop.Cart");
        assert_string_equal(hgr_clr_type_module(names, f.cart), "");
        hgr_clr_names_free(names);
        fake_types_free(&f);
    }
}

/* ---- fields and slots ---- */

static void fields_are_listed(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    for (int i = 0; i < 2; i++) {
        struct fake_types f;
        hgr_clr_names *names = NULL;
        const hgr_clr_field *fields;
        size_t count;
        fake_types_make(&f, majors[i]);
        fake_types_seal(&f, 0);
        assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
        assert_int_equal(hgr_clr_type_fields(names, f.cart, &fields, &count, NULL), HGR_OK);
        assert_int_equal(count, 6);
        assert_string_equal(fields[0].name, "owner");
        assert_int_equal(fields[0].offset, 8);
        assert_int_equal(fields[0].type_mt, f.string);
        assert_string_equal(fields[1].name, "best");
        assert_int_equal(fields[1].element_type, 0x11);
        assert_int_equal(fields[1].type_mt,
                         f.pair_exact); /* through the facade, by its arguments */
        assert_true(fields[3].is_static && !fields[3].is_thread_static);
        assert_true(fields[5].is_static && fields[5].is_thread_static);
        assert_int_equal(hgr_clr_type_fields(names, f.list_cart, &fields, &count, NULL), HGR_OK);
        assert_int_equal(count, 3);
        assert_string_equal(fields[0].name, "_items");
        assert_int_equal(fields[0].type_mt, f.cart_vector); /* !0[] with !0 = Cart */
        assert_int_equal(fields[0].class_mt, f.list_canon);
        assert_int_equal(hgr_clr_type_fields(names, f.cart_vector, &fields, &count, NULL), HGR_OK);
        assert_int_equal(count, 0);
        assert_int_equal(hgr_clr_type_fields(names, f.special, &fields, &count, NULL), HGR_OK);
        assert_int_equal(count, 2); /* its own, not Cart's */
        assert_string_equal(fields[0].name, "extra");
        assert_int_equal(hgr_clr_type_fields(names, f.holder, &fields, &count, NULL), HGR_OK);
        assert_int_equal(fields[2].type_mt,
                         0); /* List<string> is not loaded, List<Cart> is no stand-in */
        hgr_clr_names_free(names);
        fake_types_free(&f);
    }
}

static void assert_slot(struct fake_types *f, hgr_clr_names *names, uint64_t mt, uint64_t object,
                        uint64_t offset, const char *expected)
{
    hgr_text text;
    hgr_text_init(&text, f->run);
    bool named = hgr_clr_slot_name(names, mt, object, offset, &text);
    assert_string_equal(named ? hgr_text_get(&text) : "(none)", expected);
    hgr_text_fini(&text);
}

static void slots_are_named(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    fake_types_make(&f, 10);
    uint64_t matrix = ft_room(&f, 64); /* [2, 3] counted from 1 and -1 */
    ft_u32(&f, matrix + 16, 2);
    ft_u32(&f, matrix + 20, 3);
    ft_u32(&f, matrix + 24, 1);
    ft_u32(&f, matrix + 28, (uint32_t)-1);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_slot(&f, names, f.cart, 0, 8, "owner");
    assert_slot(&f, names, f.cart, 0, 16, "best.value");
    assert_slot(&f, names, f.cart_vector, 0, 16 + 17 * 8, "[17]");
    assert_slot(&f, names, f.pair_vector, 0, 16 + 17 * 16, "[17].value");
    assert_slot(&f, names, f.dict_entries, 0, 16 + 2 * 24 + 8, "[2].value");
    assert_slot(&f, names, f.dict_entries, 0, 16 + 2 * 24, "[2].key");
    assert_slot(&f, names, f.cart_matrix, matrix, 32, "[1,-1]");
    assert_slot(&f, names, f.cart_matrix, matrix, 32 + 8 * 4, "[2,0]");
    assert_slot(&f, names, f.cart_matrix, matrix, 32 + 8 * 6, "(none)");
    assert_slot(&f, names, f.holder, 0, 8, "slots.item");
    assert_slot(&f, names, f.holder, 0, 24, "slots.item[2]");
    assert_slot(&f, names, f.holder, 0, 32, "after");
    assert_slot(&f, names, f.special, 0, 8, "owner"); /* inherited */
    assert_slot(&f, names, f.special, 0, 16, "best.value");
    assert_slot(&f, names, f.special, 0, 40, "extra");
    assert_slot(&f, names, f.special, 0, 48, "rack.pair.value");
    assert_slot(&f, names, f.special, 0, 64, "rack.pair[1].value");
    assert_slot(&f, names, f.cart_vector, 0, 8, "(none)"); /* its length */
    assert_slot(&f, names, f.object, 0, 8, "(none)");
    assert_slot(&f, names, 0x10, 0, 8, "(none)");
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

static void another_instance_of_the_same_layout_will_do(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    const hgr_clr_field *fields;
    size_t count;
    fake_types_make(&f, 10);
    for (int i = 0; i < 3; i++) /* forget all constructed types but one */
        ft_u64(&f, f.hash_heads + 8 * (uint64_t)i, 0);
    ft_construct(&f, f.pair_canon);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_int_equal(hgr_clr_type_fields(names, f.cart, &fields, &count, NULL), HGR_OK);
    assert_int_equal(fields[1].type_mt, f.pair_canon);
    assert_int_equal(hgr_clr_type_fields(names, f.list_cart, &fields, &count, NULL), HGR_OK);
    assert_int_equal(fields[0].type_mt, 0); /* references need no layout: unknown stays unknown */
    assert_slot(&f, names, f.cart, 0, 16, "best.value");
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

/* ---- statics ---- */

static void check_statics(struct fake_types *f, const hgr_clr_static *statics, size_t count)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        const hgr_clr_static *each = &statics[i];
        assert_true(i == 0 || statics[i - 1].slot_addr < each->slot_addr);
        if (each->slot_addr == f->current_slot) {
            assert_string_equal(each->name, "Shop.Cart.Current");
            assert_int_equal(each->object_addr, 0x1110);
        } else if (each->slot_addr == f->last_slot) {
            assert_string_equal(each->name, "Shop.Cart.Last");
        } else if (each->slot_addr == f->mine_slot) {
            assert_string_equal(each->name, "Shop.Cart.Mine");
            assert_true(each->is_thread_static);
            assert_int_equal(each->thread_os_id, 77);
        } else if (each->slot_addr == f->shared_slot) {
            assert_string_equal(each->name, "System.List<Shop.Cart>.Shared");
        } else {
            assert_int_equal(each->slot_addr, f->thread_array_slot);
            assert_true(each->is_thread_static);
        }
        seen++;
    }
    assert_int_equal(seen, f->is_8 ? 4 : 5);
}

static void statics_are_read(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    for (int i = 0; i < 2; i++) {
        struct fake_types f;
        hgr_clr_names *names = NULL;
        hgr_clr_static *statics = NULL;
        size_t count = 0;
        fake_types_make(&f, majors[i]);
        fake_types_seal(&f, 0);
        assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
        assert_int_equal(hgr_clr_statics_read(&f.runtime, names, f.run, &statics, &count, NULL),
                         HGR_OK);
        check_statics(&f, statics, count);
        hgr_free(statics);
        hgr_clr_names_free(names);
        fake_types_free(&f);
    }
}

static void empty_slots_are_no_statics(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    hgr_clr_static *statics = NULL;
    size_t count = 0;
    fake_types_make(&f, 10);
    ft_u64(&f, f.current_slot, 0);
    ft_u64(&f, f.last_slot, 0);
    ft_u64(&f, f.mine_slot, 0);
    ft_u64(&f, f.shared_slot, 0);
    ft_u64(&f, f.thread_array_slot, 0);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_int_equal(hgr_clr_statics_read(&f.runtime, names, f.run, &statics, &count, NULL),
                     HGR_OK);
    assert_int_equal(count, 0);
    hgr_free(statics);
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

/* 9, 10: a type whose object is not yet in the thread's array is in the list in flight. */
static void statics_in_flight_are_found(void **state)
{
    (void)state;
    struct fake_types f;
    hgr_clr_names *names = NULL;
    hgr_clr_static *statics = NULL;
    size_t count = 0;
    fake_types_make(&f, 10);
    uint64_t local = f.thread_array_slot - 8, entry = ft_room(&f, 32), handle = ft_room(&f, 16);
    uint64_t other = ft_room(&f, 32);
    ft_u32(&f, f.mine_slot - 24 + 24, 0);
    uint64_t array, per_type = f.mine_slot - 24;
    memcpy(&array, f.bytes + (local + 8 - FT_BASE), 8);
    ft_u64(&f, array + 24, 0); /* not in the array */
    ft_u64(&f, local + 32, other);
    ft_u64(&f, other, entry);
    ft_u32(&f, other + 8, 99);
    ft_u32(&f, entry + 8, 3);
    ft_u64(&f, entry + 16, handle);
    ft_u64(&f, handle, per_type);
    ft_u64(&f, f.mine_slot, 0x3330);
    fake_types_seal(&f, 0);
    assert_int_equal(hgr_clr_names_create(&f.runtime, f.run, &names, NULL), HGR_OK);
    assert_int_equal(hgr_clr_statics_read(&f.runtime, names, f.run, &statics, &count, NULL),
                     HGR_OK);
    check_statics(&f, statics, count);
    hgr_free(statics);
    hgr_clr_names_free(names);
    fake_types_free(&f);
}

/* ---- memory ---- */

/* Everything this stage does with names, in one go; false when some of it failed. */
static bool do_everything(struct fake_types *f)
{
    hgr_clr_types *types = NULL;
    hgr_clr_names *names = NULL;
    hgr_clr_static *statics = NULL;
    const hgr_clr_field *fields;
    size_t count = 0;
    hgr_shape shape;
    hgr_status status = {0};
    hgr_text text;
    hgr_text_init(&text, f->run);
    hgr_result result = hgr_clr_types_create(&f->runtime, f->run, &types, &status);
    if (result == HGR_OK)
        result = hgr_clr_describe(types, f->cart, &shape, &status);
    if (result == HGR_OK)
        result = hgr_clr_names_create(&f->runtime, f->run, &names, &status);
    if (result == HGR_OK)
        result = hgr_clr_type_fields(names, f->cart, &fields, &count, &status);
    if (result == HGR_OK)
        result = hgr_clr_statics_read(&f->runtime, names, f->run, &statics, &count, &status);
    bool named = result == HGR_OK && hgr_clr_type_name(names, f->entry_exact, &text) &&
                 hgr_clr_slot_name(names, f->pair_vector, 0, 16, &text) && !text.failed;
    if (result != HGR_OK) {
        assert_int_equal(result, HGR_NO_MEMORY);
        assert_int_equal(status.code, HGR_NO_MEMORY);
        assert_null(statics);
    }
    hgr_text_fini(&text);
    hgr_free(statics);
    hgr_clr_names_free(names);
    hgr_clr_types_free(types);
    return named;
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    const uint32_t majors[] = {10, 8};
    for (int i = 0; i < 2; i++) {
        struct fake_types f;
        fake_types_make(&f, majors[i]);
        fake_types_seal(&f, 512);
        uint64_t before = hgr_run_memory_bytes(f.run), failures = 0;
        for (uint64_t k = 1;; k++) {
            hgr_run_fail_allocation(f.run, k);
            bool done = do_everything(&f);
            bool was_hit = atomic_load(&f.run->fail_countdown) == 0;
            hgr_run_fail_allocation(f.run, 0);
            assert_int_equal(hgr_run_memory_bytes(f.run), before);
            if (!was_hit) {
                assert_true(done);
                break;
            }
            failures += !done;
        }
        assert_true(failures > 10);
        fake_types_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_described),
        cmocka_unit_test(collectible_tables_keep_their_allocator),
        cmocka_unit_test(types_without_instances_are_refused),
        cmocka_unit_test(damaged_tables_are_refused),
        cmocka_unit_test(names_are_printed),
        cmocka_unit_test(type_descriptions_are_printed),
        cmocka_unit_test(what_has_no_name_says_its_address),
        cmocka_unit_test(types_made_of_themselves_end),
        cmocka_unit_test(module_overrides_are_followed),
        cmocka_unit_test(emitted_modules_have_names),
        cmocka_unit_test(fields_are_listed),
        cmocka_unit_test(slots_are_named),
        cmocka_unit_test(another_instance_of_the_same_layout_will_do),
        cmocka_unit_test(statics_are_read),
        cmocka_unit_test(empty_slots_are_no_statics),
        cmocka_unit_test(statics_in_flight_are_found),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
