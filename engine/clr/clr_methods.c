/* clr: one MethodDesc and its metadata.
 *
 * A MethodDesc is one of several behind a chunk header: {method table, next chunk, u8 size, u8
 * count, u16 token range}, in pointers of the target. The MethodDesc: {u16 rest of the token, u8
 * index in units of its alignment, u8, u16 slot, u16 flags}, 9 and later a pointer to its code;
 * then what its kind adds. */
#include "clr_methods.h"

enum { KIND_MASK = 7, INSTANTIATED_MAX_ARGUMENTS = 512 };

static bool read_instantiated(const hgr_runtime *runtime, hgr_clr_method *method)
{
    const hgr_space *space = runtime->space;
    uint64_t own = method->addr + runtime->layout.method_desc_bytes, p = space->pointer_size;
    uint64_t arguments;
    uint16_t count;
    if (!hgr_space_ptr(space, own + p, &arguments) ||
        !hgr_space_u16(space, own + 2 * p + 2, &count))
        return false;
    if (arguments != 0 && count <= INSTANTIATED_MAX_ARGUMENTS) {
        method->arguments_addr = arguments;
        method->narguments = count;
    }
    return true;
}

/* {signature, u32 bytes, u32 flags, name} */
static bool read_dynamic(const hgr_runtime *runtime, hgr_clr_method *method)
{
    const hgr_space *space = runtime->space;
    uint64_t own = method->addr + runtime->layout.method_desc_bytes, p = space->pointer_size;
    method->row = 0;
    return hgr_space_ptr(space, own, &method->signature_addr) &&
           hgr_space_u32(space, own + p, &method->signature_bytes) &&
           hgr_space_ptr(space, own + p + 8, &method->name_addr);
}

/* The chunk's method table; relative to its own place in 2.1, whatever the image does elsewhere. */
static bool read_chunk(const hgr_runtime *runtime, uint64_t chunk, hgr_clr_method *method,
                       uint16_t rest)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint32_t bits = layout->method_token_bits;
    uint16_t range;
    if (!hgr_clr_link(runtime, chunk, &method->method_table_addr) ||
        !hgr_space_u16(runtime->space, chunk + 2 * (uint64_t)runtime->space->pointer_size + 2,
                       &range))
        return false;
    uint32_t range_mask = (1u << (24 - bits)) - 1, rest_mask = (1u << bits) - 1;
    method->row = (range & range_mask) << bits | (rest & rest_mask);
    return true;
}

bool hgr_clr_method_read(const hgr_runtime *runtime, uint64_t addr, hgr_clr_method *out)
{
    const hgr_space *space = runtime->space;
    uint64_t p = space->pointer_size, header = 2 * p + (p == 8 ? 8 : 4);
    hgr_clr_method method = {.addr = addr};
    hgr_method_table mt;
    uint16_t rest, flags;
    uint8_t index;
    if (runtime->layout.method_desc_bytes == 0 || addr == 0 || addr % p != 0 ||
        !hgr_space_u16(space, addr, &rest) || !hgr_space_u8(space, addr + 2, &index) ||
        !hgr_space_u16(space, addr + 6, &flags) || addr < header + p * index ||
        !read_chunk(runtime, addr - header - p * index, &method, rest) ||
        !hgr_method_table_read(runtime, method.method_table_addr, &mt))
        return false;
    method.kind = flags & KIND_MASK;
    if (method.kind == HGR_METHOD_INSTANTIATED && !read_instantiated(runtime, &method))
        return false;
    if (method.kind == HGR_METHOD_DYNAMIC && !read_dynamic(runtime, &method))
        return false;
    *out = method;
    return true;
}

/* What stands in front of the result's type. */
static bool read_head(hgr_cursor *c, hgr_clr_method_signature *out)
{
    uint32_t generic;
    uint8_t convention;
    if (!hgr_cursor_u8(c, &convention) ||
        ((convention & 0x10) && !hgr_metadata_compressed(c, &generic)) ||
        !hgr_metadata_compressed(c, &out->nparams) || out->nparams > HGR_METHOD_MAX_PARAMS)
        return false;
    out->has_this = (convention & 0x20) != 0;
    out->types = *c;
    return true;
}

bool hgr_clr_method_signature_read(hgr_clr_names *names, const hgr_clr_method *method,
                                   hgr_clr_method_signature *out)
{
    hgr_method_table mt;
    hgr_clr_method_signature found = {0};
    hgr_cursor blob;
    if (method->row == 0 ||
        !hgr_method_table_read(names->runtime, method->method_table_addr, &mt) ||
        hgr_clr_modules_get(&names->modules, hgr_method_table_module(names->runtime, &mt),
                            &found.module, NULL) != HGR_OK ||
        !found.module || !found.module->has_metadata)
        return false;
    const hgr_metadata *metadata = &found.module->metadata;
    if (!hgr_metadata_string(metadata, HGR_TABLE_METHOD, method->row, HGR_METHOD_NAME, &found.name,
                             &found.name_len) ||
        !hgr_metadata_blob(metadata, HGR_TABLE_METHOD, method->row, HGR_METHOD_SIGNATURE, &blob) ||
        !read_head(&blob, &found))
        return false;
    *out = found;
    return true;
}

bool hgr_clr_dynamic_signature_read(const hgr_runtime *runtime, const hgr_clr_method *method,
                                    uint8_t bytes[HGR_METHOD_MAX_SIGNATURE_BYTES],
                                    hgr_clr_method_signature *out)
{
    hgr_clr_method_signature found = {0};
    if (method->signature_bytes > HGR_METHOD_MAX_SIGNATURE_BYTES ||
        runtime->space->pointer_size != 8 ||
        !hgr_space_read(runtime->space, method->signature_addr, bytes, method->signature_bytes))
        return false;
    hgr_cursor c =
        hgr_cursor_make(bytes, method->signature_bytes, method->signature_addr, HGR_AT_ADDR);
    if (!read_head(&c, &found))
        return false;
    *out = found;
    return true;
}
