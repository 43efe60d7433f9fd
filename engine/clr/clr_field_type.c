/* clr: the declared type of a field, as text, and its attributes.
 *
 * Input: a type and one of its fields. Output: Namespace.Outer+Inner<Arg>[] as clr_names.c writes
 * it, but from the field's signature: it names types that are not loaded, too. Method: the nodes of
 * the signature in prefix order; type variables stand for the type's own arguments. */
#include <string.h>

#include "../base/status.h"
#include "clr_names.h"
#include "clr_resolve.h"

#define MAX_NESTING 32u /* TypeRef inside TypeRef, TypeDef inside TypeDef */

/* One name being written. */
typedef struct writer {
    hgr_clr_names *names;
    const hgr_clr_context *context;
    const hgr_signature *signature;
    hgr_text *out;
    size_t first; /* out->len when the name began */
} writer;

static bool append_node(writer *w, uint32_t node, uint32_t depth);

/* Doubling in hostile signatures ends here. */
static bool is_too_long(const writer *w)
{
    return w->out->failed || w->out->len - w->first > HGR_TYPE_NAME_MAX;
}

/* ECMA-335 II.23.1.16: elements that are a type of their own. */
static const char *primitive_name(uint8_t element)
{
    static const char *const NAMES[HGR_ELEMENT_OBJECT + 1] = {
        [0x01] = "System.Void",   [0x02] = "System.Boolean", [0x03] = "System.Char",
        [0x04] = "System.SByte",  [0x05] = "System.Byte",    [0x06] = "System.Int16",
        [0x07] = "System.UInt16", [0x08] = "System.Int32",   [0x09] = "System.UInt32",
        [0x0a] = "System.Int64",  [0x0b] = "System.UInt64",  [0x0c] = "System.Single",
        [0x0d] = "System.Double", [0x0e] = "System.String",  [0x16] = "System.TypedReference",
        [0x18] = "System.IntPtr", [0x19] = "System.UIntPtr", [0x1c] = "System.Object",
    };
    return element <= HGR_ELEMENT_OBJECT ? NAMES[element] : NULL;
}

/* Arguments of a generic instance not yet given to a segment. */
typedef struct arguments {
    uint32_t node, left;
} arguments;

static bool append_segment(writer *w, const char *name, size_t len, arguments *args, uint32_t depth)
{
    size_t stem;
    uint32_t arity = hgr_clr_split_arity(name, len, &stem);
    if (arity == 0 || arity > args->left) {
        hgr_text_add(w->out, name, len);
        return true;
    }
    hgr_text_add(w->out, name, stem);
    bool good = true;
    for (uint32_t i = 0; i < arity && !is_too_long(w); i++) {
        hgr_text_add_z(w->out, i ? ", " : "<");
        good &= append_node(w, args->node, depth + 1);
        args->node = w->signature->nodes[args->node].end;
        args->left--;
    }
    hgr_text_add(w->out, ">", 1);
    return good;
}

/* The row around a TypeDef or TypeRef, 0 = none: nested types have no namespace. */
static uint32_t row_around(const hgr_clr_module *module, uint32_t table, uint32_t row)
{
    uint32_t scope_table, scope;
    if (table == HGR_TABLE_TYPE_DEF)
        return module->enclosing && row <= module->metadata.rows[HGR_TABLE_TYPE_DEF]
                   ? module->enclosing[row]
                   : 0;
    return hgr_metadata_coded(&module->metadata, HGR_TABLE_TYPE_REF, row, HGR_TYPE_REF_SCOPE,
                              &scope_table, &scope) &&
                   scope_table == HGR_TABLE_TYPE_REF
               ? scope
               : 0;
}

static bool append_row(writer *w, uint32_t table, uint32_t row, arguments args, uint32_t depth)
{
    const hgr_clr_module *module = w->context->module;
    uint32_t rows[MAX_NESTING], count = 0;
    if (table != HGR_TABLE_TYPE_DEF && table != HGR_TABLE_TYPE_REF)
        return false; /* a TypeSpec: not in the types of fields */
    for (uint32_t at = row; at != 0 && count < MAX_NESTING; at = row_around(module, table, at))
        rows[count++] = at;
    bool good = count > 0;
    for (uint32_t i = count; i-- > 0 && good;) {
        const char *name, *space;
        size_t len, space_len;
        /* The columns of a TypeDef stand where those of a TypeRef do. */
        if (!hgr_metadata_string(&module->metadata, table, rows[i], HGR_TYPE_REF_NAME, &name, &len))
            return false;
        if (i + 1 < count)
            hgr_text_add(w->out, "+", 1);
        else if (hgr_metadata_string(&module->metadata, table, rows[i], HGR_TYPE_REF_NAMESPACE,
                                     &space, &space_len) &&
                 space_len > 0) {
            hgr_text_add(w->out, space, space_len);
            hgr_text_add(w->out, ".", 1);
        }
        good = append_segment(w, name, len, &args, depth);
    }
    return good;
}

static bool append_variable(writer *w, uint32_t number)
{
    const hgr_space *space = w->names->runtime->space;
    uint64_t handle;
    if (number >= w->context->narguments ||
        !hgr_space_ptr(space, w->context->arguments_addr + (uint64_t)number * space->pointer_size,
                       &handle))
        return false;
    return hgr_clr_handle_name(w->names, handle, w->out);
}

static bool append_array(writer *w, uint32_t node, uint32_t depth)
{
    const hgr_signature_node *n = &w->signature->nodes[node];
    bool good = append_node(w, node + 1, depth + 1);
    if (n->element == HGR_ELEMENT_VECTOR)
        hgr_text_add(w->out, "[]", 2);
    else if (n->count == 1)
        hgr_text_add(w->out, "[*]", 3);
    else
        hgr_text_format(w->out, "[%.*s]", (int)n->count - 1, ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,");
    return good;
}

/* Result(Arg, Arg), as clr_names.c writes it. */
static bool append_function(writer *w, uint32_t node, uint32_t depth)
{
    const hgr_signature_node *n = &w->signature->nodes[node];
    uint32_t part = node + 1;
    bool good = true;
    for (uint32_t i = 0; i < n->count && !is_too_long(w); i++) {
        if (i > 1)
            hgr_text_add(w->out, ", ", 2);
        good &= append_node(w, part, depth + 1);
        if (i == 0)
            hgr_text_add(w->out, "(", 1);
        part = w->signature->nodes[part].end;
    }
    hgr_text_add(w->out, ")", 1);
    return good;
}

static bool append_node(writer *w, uint32_t node, uint32_t depth)
{
    const hgr_signature_node *n = &w->signature->nodes[node];
    const char *primitive = primitive_name(n->element);
    if (depth >= HGR_SIGNATURE_MAX_DEPTH || is_too_long(w))
        return false;
    if (primitive) {
        hgr_text_add_z(w->out, primitive);
        return true;
    }
    switch (n->element) {
    case HGR_ELEMENT_VALUE_TYPE:
    case HGR_ELEMENT_CLASS:
        return append_row(w, n->table, n->row, (arguments){0}, depth);
    case HGR_ELEMENT_GENERIC_INSTANCE:
        return append_row(w, n->table, n->row, (arguments){node + 1, n->count}, depth);
    case HGR_ELEMENT_VECTOR:
    case HGR_ELEMENT_ARRAY:
        return append_array(w, node, depth);
    case HGR_ELEMENT_VAR:
        return append_variable(w, n->count);
    case HGR_ELEMENT_FUNCTION:
        return append_function(w, node, depth);
    case HGR_ELEMENT_POINTER:
    case HGR_ELEMENT_BYREF: {
        bool good = append_node(w, node + 1, depth + 1);
        hgr_text_add(w->out, n->element == HGR_ELEMENT_POINTER ? "*" : "&", 1);
        return good;
    }
    default:
        return false; /* a variable of a method: not in the types of fields */
    }
}

/* The type's module with metadata, and what its type variables stand for. */
static bool context_of(hgr_clr_names *names, uint64_t method_table_addr, hgr_clr_context *out)
{
    const hgr_runtime *runtime = names->runtime;
    hgr_method_table mt;
    *out = (hgr_clr_context){0};
    if (!hgr_method_table_read(runtime, method_table_addr, &mt) ||
        hgr_clr_modules_get(&names->modules, hgr_method_table_module(runtime, &mt), &out->module,
                            NULL) != HGR_OK ||
        !out->module || !out->module->has_metadata)
        return false;
    out->arguments_addr = hgr_method_table_arguments(runtime, &mt, &out->narguments);
    return true;
}

bool hgr_clr_field_type_name(hgr_clr_names *names, uint64_t method_table_addr,
                             const hgr_clr_field *field, hgr_text *out)
{
    hgr_clr_context context;
    hgr_cursor blob;
    hgr_signature signature;
    if (!context_of(names, method_table_addr, &context) ||
        !hgr_metadata_blob(&context.module->metadata, HGR_TABLE_FIELD, field->rid,
                           HGR_FIELD_SIGNATURE, &blob) ||
        hgr_signature_field(&blob, &signature, NULL) != HGR_OK)
        return false;
    writer w = {names, &context, &signature, out, out->len};
    if (append_node(&w, 0, 0) && !out->failed)
        return true;
    if (!out->failed)
        hgr_text_cut(out, w.first);
    return false;
}

uint32_t hgr_clr_field_attributes(hgr_clr_names *names, uint64_t method_table_addr,
                                  const hgr_clr_field *field)
{
    hgr_clr_context context;
    uint32_t flags;
    return context_of(names, method_table_addr, &context) &&
                   hgr_metadata_cell(&context.module->metadata, HGR_TABLE_FIELD, field->rid,
                                     HGR_FIELD_FLAGS, &flags)
               ? flags
               : 0;
}
