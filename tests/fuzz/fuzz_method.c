/* fuzz: a method made at run time whose signature is the input: its name, in a hand-written type
 * system. The first byte chooses the runtime (10 or 8) and, where the signature holds a type handle
 * below 256, the second the type it means. */
#include <stdlib.h>
#include <string.h>

#include "clr/clr_methods.h"
#include "unit/clr/fake_types.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define SIGNATURE_MAX 1024u

/* {chunk: method table, next, size, count, token range}, MethodDesc, what a dynamic one adds. */
static uint64_t add_method(struct fake_types *f, const uint8_t *signature, size_t len)
{
    uint64_t chunk = ft_room(f, 128), method = chunk + 24, at = method + (f->is_8 ? 8 : 16);
    uint64_t code = ft_room(f, SIGNATURE_MAX), name = ft_room(f, 16);
    ft_u64(f, chunk, f->cart);
    ft_u16(f, method + 6, HGR_METHOD_DYNAMIC);
    memcpy(f->bytes + (code - FT_BASE), signature, len);
    memcpy(f->bytes + (name - FT_BASE), "Made", 5);
    ft_u64(f, at, code);
    ft_u32(f, at + 8, (uint32_t)len);
    ft_u64(f, at + 16, name);
    return method;
}

/* ELEMENT_TYPE_INTERNAL followed by a small number becomes one of the known types. */
static void place_handles(struct fake_types *f, uint8_t *signature, size_t len)
{
    const uint64_t types[] = {f->string, f->cart, f->list_cart, f->cart_matrix, f->pair_exact};
    for (size_t i = 0; i + 9 <= len; i++) {
        uint64_t handle;
        memcpy(&handle, signature + i + 1, sizeof handle);
        if (signature[i] != HGR_ELEMENT_INTERNAL || handle > 255)
            continue;
        handle = types[handle % (sizeof types / sizeof types[0])];
        memcpy(signature + i + 1, &handle, sizeof handle);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fake_types f;
    hgr_clr_names *names = NULL;
    hgr_text text;
    uint8_t signature[SIGNATURE_MAX];
    if (len < 1 || len - 1 > sizeof signature)
        return 0;
    memcpy(signature, bytes + 1, len - 1);
    fake_types_make(&f, bytes[0] & 1 ? 8 : 10);
    f.runtime.layout.method_desc_bytes = f.is_8 ? 8 : 16;
    place_handles(&f, signature, len - 1);
    uint64_t method = add_method(&f, signature, len - 1);
    fake_types_seal(&f, 0);
    hgr_run_set_memory_limit(f.run, 64u << 20);
    if (hgr_clr_names_create(&f.runtime, f.run, &names, NULL) != HGR_OK)
        abort();
    hgr_text_init(&text, f.run);
    (void)hgr_clr_method_name(names, method, &text);
    if (!text.failed && strncmp(hgr_text_get(&text), "DynamicClass.Made", 17) != 0)
        abort();
    hgr_text_fini(&text);
    hgr_clr_names_free(names);
    fake_types_free(&f);
    return 0;
}
