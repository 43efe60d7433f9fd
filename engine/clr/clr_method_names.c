/* clr: method names with their signatures.
 *
 * Input: a MethodDesc. Output: text. The declaring type prints with its generic arguments (those of
 * the canonical instance where code is shared), the method with its own; type variables of the
 * signature print as what they stand for. */
#include "clr_methods.h"

#include "../base/status.h"

#define MAX_NESTING 32u /* types inside types */

/* Element types 1 to 0x1c that have a name of their own. */
static const char *const ELEMENT_NAMES[] = {
    [HGR_ELEMENT_VOID] = "Void",
    [0x02] = "Boolean",
    [0x03] = "Char",
    [0x04] = "SByte",
    [0x05] = "Byte",
    [0x06] = "Int16",
    [0x07] = "UInt16",
    [0x08] = "Int32",
    [0x09] = "UInt32",
    [0x0a] = "Int64",
    [0x0b] = "UInt64",
    [0x0c] = "Single",
    [0x0d] = "Double",
    [HGR_ELEMENT_STRING] = "System.String",
    [HGR_ELEMENT_TYPED_BYREF] = "TypedReference",
    [HGR_ELEMENT_INT_PTR] = "IntPtr",
    [HGR_ELEMENT_UINT_PTR] = "UIntPtr",
    [HGR_ELEMENT_OBJECT] = "System.Object",
};

enum { NAMED_ELEMENTS = sizeof ELEMENT_NAMES / sizeof ELEMENT_NAMES[0] };

/* One signature being written. */
struct writer {
    hgr_clr_names *names;
    const hgr_clr_method *method;
    const hgr_clr_module *module; /* whose tokens the signature has; NULL: none */
    hgr_text *out;
    size_t first; /* out->len when the name began */
    uint64_t type_arguments_addr;
    uint32_t ntype_arguments;
    bool good;
};

static bool is_too_long(const struct writer *w)
{
    return w->out->failed || w->out->len - w->first > HGR_TYPE_NAME_MAX;
}

static void add_unknown(struct writer *w)
{
    hgr_text_add_z(w->out, "?");
    w->good = false;
}

/* ---- types named by tokens ---- */

/* Name`2 -> Name: the arity says nothing that the arguments do not. */
static void add_stem(hgr_text *out, const char *name, size_t len)
{
    size_t stem = len;
    while (stem > 0 && name[stem - 1] >= '0' && name[stem - 1] <= '9')
        stem--;
    bool arity = stem > 0 && stem < len && name[stem - 1] == '`';
    hgr_text_add(out, name, arity ? stem - 1 : len);
}

static uint32_t enclosing_row(const struct writer *w, uint32_t table, uint32_t row)
{
    uint32_t scope_table, scope;
    if (table == HGR_TABLE_TYPE_DEF)
        return w->module->enclosing && row <= w->module->metadata.rows[HGR_TABLE_TYPE_DEF]
                   ? w->module->enclosing[row]
                   : 0;
    if (!hgr_metadata_coded(&w->module->metadata, table, row, HGR_TYPE_REF_SCOPE, &scope_table,
                            &scope) ||
        scope_table != HGR_TABLE_TYPE_REF)
        return 0;
    return scope;
}

/* Namespace.Outer+Inner of a TypeDef or TypeRef. */
static void add_named(struct writer *w, uint32_t table, uint32_t row)
{
    const hgr_metadata *metadata = w->module ? &w->module->metadata : NULL;
    bool is_def = table == HGR_TABLE_TYPE_DEF;
    uint32_t rows[MAX_NESTING], count = 0;
    if (!metadata || (!is_def && table != HGR_TABLE_TYPE_REF)) {
        add_unknown(w);
        return;
    }
    for (uint32_t at = row; at != 0 && count < MAX_NESTING; at = enclosing_row(w, table, at))
        rows[count++] = at;
    for (uint32_t i = count; i-- > 0;) {
        const char *name, *space;
        size_t len, space_len;
        if (!hgr_metadata_string(metadata, table, rows[i],
                                 is_def ? HGR_TYPE_DEF_NAME : HGR_TYPE_REF_NAME, &name, &len) ||
            len == 0) {
            add_unknown(w);
            return;
        }
        if (i == count - 1 &&
            hgr_metadata_string(metadata, table, rows[i],
                                is_def ? HGR_TYPE_DEF_NAMESPACE : HGR_TYPE_REF_NAMESPACE, &space,
                                &space_len) &&
            space_len > 0) {
            hgr_text_add(w->out, space, space_len);
            hgr_text_add_z(w->out, ".");
        }
        add_stem(w->out, name, len);
        if (i > 0)
            hgr_text_add_z(w->out, "+");
    }
}

/* ---- type variables ---- */

/* "System.Int32" behind `from` becomes "Int32", as the same type prints elsewhere in a signature.
 */
static void shorten_primitive(hgr_text *out, size_t from)
{
    static const char prefix[] = "System.";
    size_t cut = sizeof prefix - 1;
    if (out->failed || out->len - from <= cut || memcmp(out->bytes + from, prefix, cut) != 0)
        return;
    for (size_t i = 0; i < NAMED_ELEMENTS; i++) {
        const char *name = ELEMENT_NAMES[i];
        if (!name || strcmp(out->bytes + from + cut, name) != 0)
            continue;
        memmove(out->bytes + from, out->bytes + from + cut, out->len - from - cut + 1);
        out->len -= cut;
        return;
    }
}

static void add_handle(struct writer *w, uint64_t handle)
{
    size_t from = w->out->len;
    w->good &= hgr_clr_handle_name(w->names, handle, w->out);
    shorten_primitive(w->out, from);
}

/* What a type variable of the signature stands for. */
static void add_argument(struct writer *w, uint64_t arguments_addr, uint32_t count, uint32_t index)
{
    const hgr_space *space = w->names->runtime->space;
    uint64_t handle;
    if (index >= count ||
        !hgr_space_ptr(space, arguments_addr + (uint64_t)index * space->pointer_size, &handle)) {
        add_unknown(w);
        return;
    }
    add_handle(w, handle);
}

/* ---- one type of the signature ---- */

static void add_node(struct writer *w, const hgr_signature *signature, uint32_t index);

/* The parts of a node: "A, B". first: how many of them to leave out. */
static void add_parts(struct writer *w, const hgr_signature *signature, uint32_t index,
                      uint32_t first)
{
    uint32_t end = signature->nodes[index].end, nth = 0;
    for (uint32_t at = index + 1; at < end && !is_too_long(w); at = signature->nodes[at].end) {
        if (nth > first)
            hgr_text_add_z(w->out, ", ");
        if (nth++ >= first)
            add_node(w, signature, at);
    }
}

static void add_rank(hgr_text *out, uint32_t rank)
{
    hgr_text_add_z(out, "[");
    for (uint32_t i = 1; i < rank && i < 32; i++)
        hgr_text_add_z(out, ",");
    hgr_text_add_z(out, "]");
}

static void add_node(struct writer *w, const hgr_signature *signature, uint32_t index)
{
    const hgr_signature_node *node = &signature->nodes[index];
    switch (node->element) {
    case HGR_ELEMENT_CLASS:
    case HGR_ELEMENT_VALUE_TYPE:
        add_named(w, node->table, node->row);
        return;
    case HGR_ELEMENT_GENERIC_INSTANCE:
        add_named(w, node->table, node->row);
        hgr_text_add_z(w->out, "<");
        add_parts(w, signature, index, 0);
        hgr_text_add_z(w->out, ">");
        return;
    case HGR_ELEMENT_INTERNAL:
        add_handle(w, node->table | (uint64_t)node->row << 32);
        return;
    case HGR_ELEMENT_VAR:
        add_argument(w, w->type_arguments_addr, w->ntype_arguments, node->count);
        return;
    case HGR_ELEMENT_METHOD_VAR:
        add_argument(w, w->method->arguments_addr, w->method->narguments, node->count);
        return;
    case HGR_ELEMENT_POINTER:
    case HGR_ELEMENT_BYREF:
    case HGR_ELEMENT_VECTOR:
    case HGR_ELEMENT_ARRAY:
        add_parts(w, signature, index, 0);
        if (node->element == HGR_ELEMENT_ARRAY)
            add_rank(w->out, node->count);
        else
            hgr_text_add_z(w->out, node->element == HGR_ELEMENT_POINTER ? "*"
                                   : node->element == HGR_ELEMENT_BYREF ? " ByRef"
                                                                        : "[]");
        return;
    case HGR_ELEMENT_FUNCTION: /* result first: Result(A, B) */
        add_node(w, signature, index + 1);
        hgr_text_add_z(w->out, "(");
        add_parts(w, signature, index, 1);
        hgr_text_add_z(w->out, ")");
        return;
    default:
        if (node->element < NAMED_ELEMENTS && ELEMENT_NAMES[node->element])
            hgr_text_add_z(w->out, ELEMENT_NAMES[node->element]);
        else
            add_unknown(w);
    }
}

static void add_params(struct writer *w, hgr_clr_method_signature *from)
{
    hgr_signature type;
    hgr_text_add_z(w->out, "(");
    if (hgr_signature_type(&from->types, &type, NULL) != HGR_OK) { /* the result's */
        add_unknown(w);
        from->nparams = 0;
    }
    for (uint32_t i = 0; i < from->nparams && !is_too_long(w); i++) {
        if (i > 0)
            hgr_text_add_z(w->out, ", ");
        if (hgr_signature_type(&from->types, &type, NULL) != HGR_OK) {
            add_unknown(w);
            break;
        }
        add_node(w, &type, 0);
    }
    hgr_text_add_z(w->out, ")");
}

/* <A, B>: in full, as a type's own arguments print. */
static void add_method_arguments(struct writer *w)
{
    const hgr_space *space = w->names->runtime->space;
    for (uint32_t i = 0; i < w->method->narguments && !is_too_long(w); i++) {
        uint64_t handle = 0;
        hgr_text_add_z(w->out, i == 0 ? "<" : ", ");
        if (!hgr_space_ptr(space, w->method->arguments_addr + (uint64_t)i * space->pointer_size,
                           &handle))
            handle = 0;
        w->good &= hgr_clr_handle_name(w->names, handle, w->out);
    }
    if (w->method->narguments > 0)
        hgr_text_add_z(w->out, ">");
}

/* ---- whole names ---- */

/* Made at run time: no row; name and signature are the process's own bytes. */
static bool add_dynamic(hgr_clr_names *names, const hgr_clr_method *method, hgr_text *out)
{
    hgr_text_add_z(out, "DynamicClass.");
    char c;
    uint64_t at = method->name_addr;
    size_t from = out->len;
    while (hgr_space_read(names->runtime->space, at++, &c, 1) && c != 0 &&
           out->len - from < HGR_METADATA_MAX_NAME)
        hgr_text_add(out, &c, 1);
    struct writer w = {
        .names = names, .method = method, .out = out, .first = from, .good = out->len > from};
    uint8_t bytes[HGR_METHOD_MAX_SIGNATURE_BYTES];
    hgr_clr_method_signature signature;
    if (hgr_clr_dynamic_signature_read(names->runtime, method, bytes, &signature))
        add_params(&w, &signature);
    else
        add_unknown(&w);
    return w.good;
}

static bool add_method(hgr_clr_names *names, const hgr_clr_method *method, hgr_text *out)
{
    hgr_clr_method_signature signature;
    hgr_method_table mt;
    struct writer w = {
        .names = names, .method = method, .out = out, .first = out->len, .good = true};
    if (method->kind == HGR_METHOD_DYNAMIC)
        return add_dynamic(names, method, out);
    w.good = hgr_clr_type_name(names, method->method_table_addr, out);
    hgr_text_add_z(out, ".");
    if (!hgr_clr_method_signature_read(names, method, &signature)) {
        hgr_text_format(out, "<method 0x%llx>", (unsigned long long)method->addr);
        return false;
    }
    w.module = signature.module;
    if (hgr_method_table_read(names->runtime, method->method_table_addr, &mt))
        w.type_arguments_addr = hgr_method_table_arguments(names->runtime, &mt, &w.ntype_arguments);
    hgr_text_add(out, signature.name, signature.name_len);
    add_method_arguments(&w);
    add_params(&w, &signature);
    return w.good;
}

bool hgr_clr_method_name(hgr_clr_names *names, uint64_t method_addr, hgr_text *out)
{
    hgr_clr_method method;
    if (hgr_clr_method_read(names->runtime, method_addr, &method))
        return add_method(names, &method, out);
    hgr_text_format(out, "<method 0x%llx>", (unsigned long long)method_addr);
    return false;
}

bool hgr_clr_parameter_name(hgr_clr_names *names, const hgr_clr_method *method, uint32_t parameter,
                            hgr_text *out)
{
    hgr_clr_method_signature signature;
    uint32_t first, end, sequence;
    if (!hgr_clr_method_signature_read(names, method, &signature) || parameter >= signature.nparams)
        return false;
    const hgr_metadata *metadata = &signature.module->metadata;
    if (!hgr_metadata_cell(metadata, HGR_TABLE_METHOD, method->row, HGR_METHOD_PARAMS, &first))
        return false;
    if (!hgr_metadata_cell(metadata, HGR_TABLE_METHOD, method->row + 1, HGR_METHOD_PARAMS, &end))
        end = metadata->rows[HGR_TABLE_PARAM] + 1;
    for (uint32_t row = first; row < end && row - first <= HGR_METHOD_MAX_PARAMS; row++) {
        const char *name;
        size_t len;
        if (!hgr_metadata_cell(metadata, HGR_TABLE_PARAM, row, HGR_PARAM_SEQUENCE, &sequence))
            return false;
        if (sequence == parameter + 1 &&
            hgr_metadata_string(metadata, HGR_TABLE_PARAM, row, HGR_PARAM_NAME, &name, &len) &&
            len > 0) {
            hgr_text_add(out, name, len);
            return true;
        }
    }
    return false;
}
