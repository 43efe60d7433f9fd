/* clr: method tables -> type names.
 *
 * Input: a method table. Output: Namespace.Outer+Inner<Arg>[] as ClrMD prints it. Method: the
 * TypeDef row and its enclosing rows give the segments; each segment Name`k takes the next k of the
 * type's generic arguments. A complete name is kept per method table, so the parts of nested
 * generics are made once. What cannot be read prints as <method table 0x...>. */
#include "clr_names.h"

#include <stdlib.h>
#include <string.h>

#include "../base/status.h"
#include "clr_resolve.h"

#define MAX_NESTING 32u /* types inside types */

/* One name being written. */
typedef struct writer {
    hgr_clr_names *names;
    hgr_text *out;
    size_t first; /* out->len when the name began */
} writer;

/* Hostile cycles end at the depth, doubling ends here. */
static bool is_too_long(const writer *w)
{
    return w->out->failed || w->out->len - w->first > HGR_TYPE_NAME_MAX;
}

static bool append_handle(writer *w, uint64_t handle, uint32_t depth);

hgr_result hgr_clr_names_create(const hgr_runtime *runtime, const hgr_run *run, hgr_clr_names **out,
                                hgr_status *status)
{
    hgr_clr_names *names = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *names, "names", &names, status);
    if (result != HGR_OK)
        return result;
    names->runtime = runtime;
    names->run = run;
    hgr_arena_init(&names->arena, run);
    hgr_clr_modules_init(&names->modules, runtime, run, &names->arena);
    hgr_map_init(&names->name_index, run);
    hgr_map_init(&names->field_index, run);
    *out = names;
    return HGR_OK;
}

void hgr_clr_names_free(hgr_clr_names *names)
{
    if (!names)
        return;
    hgr_clr_resolver_free(names->resolver);
    hgr_free(names->fields);
    hgr_map_fini(&names->field_index);
    hgr_free(names->names);
    hgr_map_fini(&names->name_index);
    hgr_clr_modules_fini(&names->modules);
    hgr_arena_fini(&names->arena);
    hgr_free(names);
}

static bool give_up(writer *w, const char *kind, uint64_t addr)
{
    hgr_text_format(w->out, "<%s 0x%llx>", kind, (unsigned long long)addr);
    return false;
}

/* Generic arguments not yet given to a segment. */
typedef struct arguments {
    uint64_t addr; /* of the next handle */
    uint32_t left;
} arguments;

static bool append_arguments(writer *w, arguments *args, uint32_t count, uint32_t depth)
{
    const hgr_space *space = w->names->runtime->space;
    bool good = true;
    hgr_text_add(w->out, "<", 1);
    for (uint32_t i = 0; i < count && !is_too_long(w); i++) {
        uint64_t handle = 0;
        if (i > 0)
            hgr_text_add(w->out, ", ", 2);
        if (!hgr_space_ptr(space, args->addr, &handle))
            handle = 0;
        good &= append_handle(w, handle, depth + 1);
        args->addr += space->pointer_size;
        args->left--;
    }
    hgr_text_add(w->out, ">", 1);
    return good;
}

uint32_t hgr_clr_split_arity(const char *name, size_t len, size_t *stem)
{
    uint32_t arity = 0, scale = 1;
    *stem = len;
    for (size_t i = len; i-- > 0 && scale <= HGR_TYPE_MAX_ARGUMENTS; scale *= 10) {
        if (name[i] == '`') {
            *stem = i;
            return arity;
        }
        if (name[i] < '0' || name[i] > '9')
            return 0;
        arity += (uint32_t)(name[i] - '0') * scale;
    }
    return 0;
}

static bool append_segment(writer *w, const hgr_metadata *metadata, uint32_t row, bool outermost,
                           arguments *args, uint32_t depth)
{
    const char *name, *space_name;
    size_t len, space_len, stem;
    if (!outermost)
        hgr_text_add(w->out, "+", 1);
    if (!hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, row, HGR_TYPE_DEF_NAME, &name, &len) ||
        len == 0) {
        hgr_text_add(w->out, "?", 1);
        return false;
    }
    if (outermost &&
        hgr_metadata_string(metadata, HGR_TABLE_TYPE_DEF, row, HGR_TYPE_DEF_NAMESPACE, &space_name,
                            &space_len) &&
        space_len > 0) {
        hgr_text_add(w->out, space_name, space_len);
        hgr_text_add(w->out, ".", 1);
    }
    uint32_t arity = hgr_clr_split_arity(name, len, &stem);
    if (arity == 0 || arity > args->left) {
        hgr_text_add(w->out, name, len); /* as written: "Name`1" of a type without arguments */
        return true;
    }
    hgr_text_add(w->out, name, stem);
    return append_arguments(w, args, arity, depth);
}

static bool append_typedef(writer *w, const hgr_clr_module *module, uint32_t row, arguments *args,
                           uint32_t depth)
{
    uint32_t rows[MAX_NESTING], count = 0;
    for (uint32_t at = row; at != 0 && count < MAX_NESTING; count++) {
        rows[count] = at;
        at = module->enclosing ? module->enclosing[at]
                               : 0; /* at <= TypeDef rows: checked by the caller and the index */
    }
    bool good = true;
    for (uint32_t i = count; i-- > 0;)
        good &= append_segment(w, &module->metadata, rows[i], i == count - 1, args, depth);
    return good;
}

static void append_rank(writer *w, const hgr_method_table *mt)
{
    uint32_t rank = hgr_method_table_rank(w->names->runtime, mt);
    if (mt->flags & HGR_MT_VECTOR) {
        hgr_text_add(w->out, "[]", 2);
    } else if (rank <= 1) {
        hgr_text_add(w->out, "[*]", 3); /* one dimension with a lower bound */
    } else {
        hgr_text_add(w->out, "[", 1);
        for (uint32_t i = 1; i < rank; i++)
            hgr_text_add(w->out, ",", 1);
        hgr_text_add(w->out, "]", 1);
    }
}

static bool append_array(writer *w, const hgr_method_table *mt, uint32_t depth)
{
    bool good = append_handle(w, mt->per_inst_info, depth + 1);
    append_rank(w, mt);
    return good;
}

static bool append_fresh(writer *w, uint64_t addr, uint32_t depth)
{
    const hgr_runtime *runtime = w->names->runtime;
    hgr_method_table mt;
    if (addr == runtime->free_mt) {
        hgr_text_add(w->out, "Free", 4);
        return true;
    }
    if (!hgr_method_table_read(runtime, addr, &mt))
        return give_up(w, "method table", addr);
    if (hgr_method_table_is_array(&mt))
        return append_array(w, &mt, depth);
    hgr_clr_module *module = NULL;
    if (hgr_clr_modules_get(&w->names->modules, hgr_method_table_module(runtime, &mt), &module,
                            NULL) != HGR_OK) {
        w->out->failed = true; /* out of memory: the caller must not take the rest for a name */
        return false;
    }
    if (!module || !module->has_metadata || mt.rid == 0 ||
        mt.rid > module->metadata.rows[HGR_TABLE_TYPE_DEF])
        return give_up(w, "method table", addr);
    arguments args = {0};
    args.addr = hgr_method_table_arguments(runtime, &mt, &args.left);
    return append_typedef(w, module, mt.rid, &args, depth);
}

/* Keep a complete name: text[from ..] of the writer. Out of memory only means: not kept. */
static void remember(writer *w, uint64_t addr, size_t from)
{
    hgr_clr_names *names = w->names;
    if (w->out->failed || w->out->len - from > HGR_TYPE_NAME_MAX)
        return;
    const char *kept =
        hgr_arena_text(&names->arena, w->out->bytes + from, w->out->len - from, NULL);
    if (!kept || hgr_grow(names->run, &names->names, &names->names_capacity, names->nnames + 1,
                          HGR_CLR_MAX_TYPES, sizeof *names->names, "type names", NULL) != HGR_OK)
        return;
    names->names[names->nnames] = kept;
    if (hgr_map_put(&names->name_index, addr, (uint32_t)names->nnames, NULL) == HGR_OK)
        names->nnames++;
}

static bool append_method_table(writer *w, uint64_t addr, uint32_t depth)
{
    uint32_t known = hgr_map_get(&w->names->name_index, addr);
    if (known != HGR_MAP_NONE) {
        hgr_text_add_z(w->out, w->names->names[known]);
        return true;
    }
    /* A name cut short by a cap is not kept, so the order of questions cannot matter. */
    if (depth >= HGR_TYPE_NAME_DEPTH || is_too_long(w))
        return give_up(w, "method table", addr);
    size_t from = w->out->len;
    bool good = append_fresh(w, addr, depth);
    if (good && w->out->len > from)
        remember(w, addr, from);
    return good;
}

static bool append_variable(writer *w, uint64_t desc)
{
    const hgr_space *space = w->names->runtime->space;
    const hgr_clr_layout *layout = &w->names->runtime->layout;
    uint32_t token;
    uint64_t module_addr;
    hgr_clr_module *module = NULL;
    const char *name;
    size_t len;
    if (!hgr_space_ptr(space, desc + layout->desc_argument, &module_addr) ||
        !hgr_space_u32(space, desc + layout->desc_token, &token) ||
        hgr_clr_modules_get(&w->names->modules, module_addr, &module, NULL) != HGR_OK || !module ||
        !module->has_metadata ||
        !hgr_metadata_string(&module->metadata, HGR_TABLE_GENERIC_PARAM, token & 0xffffff,
                             HGR_GENERIC_PARAM_NAME, &name, &len))
        return give_up(w, "type variable", desc);
    hgr_text_add(w->out, name, len);
    return true;
}

/* Result(Arg, Arg): a function pointer has no name of its own. */
static bool append_function(writer *w, uint64_t desc, uint32_t depth)
{
    const hgr_space *space = w->names->runtime->space;
    uint32_t word = space->pointer_size, count;
    uint64_t at = desc + w->names->runtime->layout.desc_function;
    if (w->names->runtime->layout.desc_function == HGR_NO_OFFSET ||
        !hgr_space_u32(space, at, &count) || count > HGR_TYPE_MAX_ARGUMENTS)
        return give_up(w, "function pointer", desc);
    bool good = true;
    for (uint32_t i = 0; i <= count && !is_too_long(w); i++) {
        uint64_t handle = 0;
        if (!hgr_space_ptr(space, at + 8 + (uint64_t)i * word, &handle))
            handle = 0;
        if (i > 1)
            hgr_text_add(w->out, ", ", 2);
        good &= append_handle(w, handle, depth + 1);
        if (i == 0)
            hgr_text_add(w->out, "(", 1);
    }
    hgr_text_add(w->out, ")", 1);
    return good;
}

/* Before 3.0 the element type of an array of arrays: {u32 kind; method table; element's handle}. */
static bool append_array_desc(writer *w, uint64_t desc, uint32_t depth)
{
    const hgr_runtime *runtime = w->names->runtime;
    uint64_t addr, element;
    hgr_method_table mt;
    if (!hgr_clr_link(runtime, desc + runtime->space->pointer_size, &addr) ||
        !hgr_method_table_read(runtime, addr, &mt) || !hgr_method_table_is_array(&mt) ||
        !hgr_space_ptr(runtime->space, desc + runtime->layout.desc_argument, &element))
        return give_up(w, "type", desc);
    bool good = append_handle(w, element, depth + 1);
    append_rank(w, &mt);
    return good;
}

static bool append_desc(writer *w, uint64_t desc, uint32_t depth)
{
    const hgr_space *space = w->names->runtime->space;
    uint32_t kind;
    uint64_t argument;
    if (depth >= HGR_TYPE_NAME_DEPTH || is_too_long(w) || !hgr_space_u32(space, desc, &kind))
        return give_up(w, "type", desc);
    switch (kind & 0xff) {
    case HGR_ELEMENT_POINTER:
    case HGR_ELEMENT_BYREF:
        if (!hgr_space_ptr(space, desc + w->names->runtime->layout.desc_argument, &argument))
            return give_up(w, "type", desc);
        bool good = append_handle(w, argument, depth + 1);
        hgr_text_add(w->out, (kind & 0xff) == HGR_ELEMENT_POINTER ? "*" : "&", 1);
        return good;
    case HGR_ELEMENT_VAR:
    case HGR_ELEMENT_METHOD_VAR:
        return append_variable(w, desc);
    case HGR_ELEMENT_FUNCTION:
        return append_function(w, desc, depth);
    case HGR_ELEMENT_ARRAY:
    case HGR_ELEMENT_VECTOR:
        return append_array_desc(w, desc, depth);
    default:
        return give_up(w, "type", desc);
    }
}

static bool append_handle(writer *w, uint64_t handle, uint32_t depth)
{
    return handle & 2 ? append_desc(w, handle & ~UINT64_C(3), depth)
                      : append_method_table(w, handle, depth);
}

bool hgr_clr_handle_name(hgr_clr_names *names, uint64_t handle, hgr_text *out)
{
    writer w = {.names = names, .out = out, .first = out->len};
    return append_handle(&w, handle, 0);
}

bool hgr_clr_type_name(hgr_clr_names *names, uint64_t method_table_addr, hgr_text *out)
{
    writer w = {.names = names, .out = out, .first = out->len};
    return append_method_table(&w, method_table_addr, 0);
}

const char *hgr_clr_type_module(hgr_clr_names *names, uint64_t method_table_addr)
{
    hgr_method_table mt;
    hgr_clr_module *module = NULL;
    if (!hgr_method_table_read(names->runtime, method_table_addr, &mt) ||
        hgr_clr_modules_get(&names->modules, hgr_method_table_module(names->runtime, &mt), &module,
                            NULL) != HGR_OK)
        return "";
    return module ? module->path : "";
}
