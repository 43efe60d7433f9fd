/* fuzz: a hand-written type system with some of its words overwritten: describe, name, fields,
 * slots, statics.
 *
 * The input is a list of patches of 12 bytes: u32 where (modulo the part of memory in use), u64
 * what. Of the first byte bit 0 chooses the runtime (10 or 8), bit 1 memory in pieces. A value
 * below 2^20 is taken as an offset from the memory's start half of the time, so that pointers stay
 * inside. */
#include <stdlib.h>
#include <string.h>

#include "unit/clr/fake_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define PATCH_BYTES 12
#define MAX_PATCHES 256

static void look_at(struct fake_types *f, hgr_clr_types *types, hgr_clr_names *names, uint64_t mt)
{
    hgr_shape shape;
    hgr_text text;
    const hgr_clr_field *fields;
    size_t count;
    hgr_text_init(&text, f->run);
    if (hgr_clr_describe(types, mt, &shape, NULL) == HGR_OK && shape.base_size < 16)
        abort();
    bool named = hgr_clr_type_name(names, mt, &text);
    if (named && (text.len == 0 || text.failed))
        abort();
    if (hgr_clr_type_fields(names, mt, &fields, &count, NULL) == HGR_OK)
        for (size_t i = 0; i < count; i++)
            if (!fields[i].name)
                abort();
    for (uint64_t offset = 0; offset < 96; offset += 8)
        (void)hgr_clr_slot_name(names, mt, f->cart_matrix, offset, &text);
    if (!hgr_clr_type_module(names, mt))
        abort();
    hgr_text_fini(&text);
}

static void look_at_everything(struct fake_types *f)
{
    hgr_clr_types *types = NULL;
    hgr_clr_names *names = NULL;
    hgr_clr_static *statics = NULL;
    size_t count = 0;
    const uint64_t tables[] = {
        f->object,      f->string,        f->list_cart,    f->pair_exact,
        f->dict_exact,  f->entry_exact,   f->cart,         f->inline_struct,
        f->holder,      f->cart_vector,   f->cart_matrix,  f->int_lower_bound,
        f->pair_vector, f->matrix_vector, f->dict_entries, f->special};
    if (hgr_clr_types_create(&f->runtime, f->run, &types, NULL) != HGR_OK ||
        hgr_clr_names_create(&f->runtime, f->run, &names, NULL) != HGR_OK)
        abort();
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        look_at(f, types, names, tables[i]);
    if (hgr_clr_statics_read(&f->runtime, names, f->run, &statics, &count, NULL) == HGR_OK)
        for (size_t i = 0; i < count; i++)
            if (statics[i].object_addr == 0 || !statics[i].name ||
                (i > 0 && statics[i - 1].slot_addr >= statics[i].slot_addr))
                abort();
    hgr_free(statics);
    hgr_clr_names_free(names);
    hgr_clr_types_free(types);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fake_types f;
    if (len == 0)
        return 0;
    fake_types_make(&f, bytes[0] & 1 ? 8 : 10);
    for (size_t at = 1, i = 0; len - at >= PATCH_BYTES && i < MAX_PATCHES; at += PATCH_BYTES, i++) {
        uint32_t where;
        uint64_t what;
        memcpy(&where, bytes + at, sizeof where);
        memcpy(&what, bytes + at + 4, sizeof what);
        if (what < 1u << 20 && (where & 1u << 31))
            what += FT_BASE;
        memcpy(f.bytes + where % (f.used - sizeof what), &what, sizeof what);
    }
    hgr_run_set_memory_limit(f.run, 64u << 20);
    fake_types_seal(&f, bytes[0] & 2 ? 4096 : 0);
    look_at_everything(&f);
    fake_types_free(&f);
    return 0;
}
