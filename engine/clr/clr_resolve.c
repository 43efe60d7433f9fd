/* clr: types in signatures -> method tables.
 *
 * Input: a parsed signature, the module whose tokens it uses, the arguments its type variables
 * stand for. Output: the loaded method table. Method: a TypeDef is looked up in its module's map; a
 * TypeRef by assembly and name, through forwarders (ExportedType) where the named assembly is a
 * facade; generic instances and arrays in the index of constructed types. What is not loaded is not
 * found. */
#include "clr_resolve.h"

#include <xxhash.h>

#include "../base/status.h"
#include "clr_type_index.h"

#define MAX_FORWARDS 8u  /* facade to facade to implementation */
#define MAX_NESTING  32u /* TypeRef inside TypeRef, TypeSpec inside TypeSpec */

struct hgr_clr_resolver {
    const hgr_run *run;
    hgr_clr_type_index index;
    uint64_t primitives[HGR_ELEMENT_OBJECT + 1]; /* by ELEMENT_TYPE */
    hgr_map ref_index; /* hash of (module, TypeRef row) -> definitions[] */
    hgr_clr_definition *definitions;
    size_t ndefinitions, capacity;
};

/* One question. The first error stays. */
typedef struct question {
    hgr_clr_names *names;
    hgr_clr_resolver *resolver;
    const hgr_clr_context *context;
    const hgr_signature *signature;
    hgr_result result;
    hgr_status *status;
} question;

static uint64_t resolve_node(question *q, uint32_t node, uint32_t depth);

void hgr_clr_resolver_free(hgr_clr_resolver *resolver)
{
    if (!resolver)
        return;
    hgr_free(resolver->definitions);
    hgr_map_fini(&resolver->ref_index);
    hgr_clr_type_index_fini(&resolver->index);
    hgr_free(resolver);
}

/* Primitives live in the module of System.Object. */
static hgr_result find_primitives(hgr_clr_names *names, hgr_clr_resolver *resolver,
                                  hgr_status *status)
{
    static const struct {
        uint8_t element;
        const char *name;
    } PRIMITIVES[] = {
        {0x02, "Boolean"},        {0x03, "Char"},   {0x04, "SByte"},   {0x05, "Byte"},
        {0x06, "Int16"},          {0x07, "UInt16"}, {0x08, "Int32"},   {0x09, "UInt32"},
        {0x0a, "Int64"},          {0x0b, "UInt64"}, {0x0c, "Single"},  {0x0d, "Double"},
        {0x16, "TypedReference"}, {0x18, "IntPtr"}, {0x19, "UIntPtr"},
    };
    hgr_method_table object;
    resolver->primitives[HGR_ELEMENT_OBJECT] = names->runtime->object_mt;
    resolver->primitives[HGR_ELEMENT_STRING] = names->runtime->string_mt;
    if (!hgr_method_table_read(names->runtime, names->runtime->object_mt, &object))
        return HGR_OK;
    hgr_clr_module *module = NULL;
    hgr_result result = hgr_clr_modules_get(
        &names->modules, hgr_method_table_module(names->runtime, &object), &module, status);
    for (size_t i = 0; result == HGR_OK && module && i < sizeof PRIMITIVES / sizeof PRIMITIVES[0];
         i++) {
        hgr_clr_word space = {"System", 6}, name = {PRIMITIVES[i].name, strlen(PRIMITIVES[i].name)};
        uint32_t row = 0;
        result = hgr_clr_find_typedef(names, module, 0, space, name, &row, status);
        if (row != 0)
            resolver->primitives[PRIMITIVES[i].element] =
                hgr_clr_typedef_method_table(names->runtime, module->addr, row);
    }
    return result;
}

static hgr_result make_resolver(hgr_clr_names *names, hgr_status *status)
{
    hgr_clr_resolver *resolver = NULL;
    hgr_result result =
        hgr_alloc(names->run, 1, sizeof *resolver, "type resolver", &resolver, status);
    if (result != HGR_OK)
        return result;
    resolver->run = names->run;
    hgr_map_init(&resolver->ref_index, names->run);
    hgr_map_init(&resolver->index.assemblies, names->run);
    result = hgr_clr_type_index_init(&resolver->index, names, status);
    if (result == HGR_OK)
        result = find_primitives(names, resolver, status);
    if (result != HGR_OK) {
        hgr_clr_resolver_free(resolver);
        return result;
    }
    names->resolver = resolver;
    return HGR_OK;
}

/* The outcome of one step; an error ends the question. */
static bool keep(question *q, hgr_result result)
{
    if (q->result == HGR_OK)
        q->result = result;
    return q->result == HGR_OK;
}

static hgr_clr_definition definition_in(question *q, hgr_clr_module *module, uint32_t enclosing,
                                        hgr_clr_word space, hgr_clr_word name)
{
    uint32_t row = 0;
    if (!module ||
        !keep(q, hgr_clr_find_typedef(q->names, module, enclosing, space, name, &row, q->status)))
        row = 0;
    return (hgr_clr_definition){row ? module : NULL, row};
}

/* The assembly that module forwards Namespace.Name to, or NULL. */
static hgr_clr_module *forwarded(question *q, const hgr_clr_module *module, hgr_clr_word space,
                                 hgr_clr_word name)
{
    const hgr_metadata *metadata = &module->metadata;
    for (uint32_t row = 1; row <= metadata->rows[HGR_TABLE_EXPORTED_TYPE]; row++) {
        hgr_clr_word seen, target;
        uint32_t table, to;
        if (!hgr_metadata_string(metadata, HGR_TABLE_EXPORTED_TYPE, row, HGR_EXPORTED_TYPE_NAME,
                                 &seen.text, &seen.len) ||
            seen.len != name.len || memcmp(seen.text, name.text, name.len) != 0 ||
            !hgr_metadata_string(metadata, HGR_TABLE_EXPORTED_TYPE, row,
                                 HGR_EXPORTED_TYPE_NAMESPACE, &seen.text, &seen.len) ||
            seen.len != space.len || memcmp(seen.text, space.text, space.len) != 0)
            continue;
        if (!hgr_metadata_coded(metadata, HGR_TABLE_EXPORTED_TYPE, row,
                                HGR_EXPORTED_TYPE_IMPLEMENTATION, &table, &to) ||
            table != HGR_TABLE_ASSEMBLY_REF ||
            !hgr_metadata_string(metadata, table, to, HGR_ASSEMBLY_REF_NAME, &target.text,
                                 &target.len))
            return NULL;
        return hgr_clr_find_assembly(&q->resolver->index, target.text, target.len);
    }
    return NULL;
}

static hgr_clr_definition definition_by_assembly(question *q, hgr_clr_module *module,
                                                 hgr_clr_word space, hgr_clr_word name)
{
    hgr_clr_definition found = {0};
    for (uint32_t step = 0; module && module->has_metadata && step < MAX_FORWARDS; step++) {
        found = definition_in(q, module, 0, space, name);
        if (found.module)
            break;
        module = forwarded(q, module, space, name);
    }
    return found;
}

static hgr_clr_definition find_typeref(question *q, hgr_clr_module *module, uint32_t row,
                                       uint32_t depth)
{
    const hgr_metadata *metadata = &module->metadata;
    hgr_clr_definition none = {0};
    hgr_clr_word space, name, assembly;
    uint32_t table, scope;
    if (depth >= MAX_NESTING ||
        !hgr_metadata_string(metadata, HGR_TABLE_TYPE_REF, row, HGR_TYPE_REF_NAME, &name.text,
                             &name.len) ||
        !hgr_metadata_string(metadata, HGR_TABLE_TYPE_REF, row, HGR_TYPE_REF_NAMESPACE, &space.text,
                             &space.len) ||
        !hgr_metadata_coded(metadata, HGR_TABLE_TYPE_REF, row, HGR_TYPE_REF_SCOPE, &table, &scope))
        return none;
    if (table == HGR_TABLE_TYPE_REF) {
        hgr_clr_definition around = find_typeref(q, module, scope, depth + 1);
        return around.module ? definition_in(q, around.module, around.row, space, name) : none;
    }
    if (table == HGR_TABLE_MODULE)
        return definition_in(q, module, 0, space, name);
    if (table != HGR_TABLE_ASSEMBLY_REF ||
        !hgr_metadata_string(metadata, table, scope, HGR_ASSEMBLY_REF_NAME, &assembly.text,
                             &assembly.len))
        return none;
    return definition_by_assembly(
        q, hgr_clr_find_assembly(&q->resolver->index, assembly.text, assembly.len), space, name);
}

/* A TypeRef's definition, found once. */
static hgr_clr_definition resolve_typeref(question *q, hgr_clr_module *module, uint32_t row)
{
    hgr_clr_resolver *resolver = q->resolver;
    uint64_t pair[2] = {module->addr, row}, key = XXH3_64bits(pair, sizeof pair) | 1;
    uint32_t known = hgr_map_get(&resolver->ref_index, key);
    if (known != HGR_MAP_NONE)
        return resolver->definitions[known];
    hgr_clr_definition found = find_typeref(q, module, row, 0);
    if (keep(q, hgr_grow(resolver->run, &resolver->definitions, &resolver->capacity,
                         resolver->ndefinitions + 1, HGR_CLR_MAX_TYPES, sizeof found,
                         "type references", q->status)) &&
        keep(q,
             hgr_map_put(&resolver->ref_index, key, (uint32_t)resolver->ndefinitions, q->status)))
        resolver->definitions[resolver->ndefinitions++] = found;
    return found;
}

static hgr_clr_definition resolve_token(question *q, uint32_t table, uint32_t row)
{
    hgr_clr_module *module = q->context->module;
    if (table == HGR_TABLE_TYPE_DEF)
        return (hgr_clr_definition){module, row};
    if (table == HGR_TABLE_TYPE_REF)
        return resolve_typeref(q, module, row);
    return (hgr_clr_definition){0}; /* a TypeSpec: not in the types of fields */
}

static uint64_t method_table_of(question *q, hgr_clr_definition definition)
{
    return definition.module && definition.row
               ? hgr_clr_typedef_method_table(q->names->runtime, definition.module->addr,
                                              definition.row)
               : 0;
}

static uint64_t resolve_instance(question *q, uint32_t node, uint32_t depth)
{
    const hgr_signature_node *n = &q->signature->nodes[node];
    uint64_t arguments[HGR_SIGNATURE_MAX_NODES];
    uint32_t part = node + 1;
    for (uint32_t i = 0; i < n->count;
         i++) { /* each argument is a node: count < the nodes' limit */
        arguments[i] = resolve_node(q, part, depth + 1);
        if (arguments[i] == 0)
            return n->is_value_type ? 0 : HGR_CLR_SOME_REFERENCE;
        part = q->signature->nodes[part].end;
    }
    hgr_clr_definition definition = resolve_token(q, n->table, n->row);
    uint64_t found = hgr_clr_find_instance(&q->resolver->index, &definition, arguments, n->count,
                                           n->is_value_type);
    return found || n->is_value_type ? found : HGR_CLR_SOME_REFERENCE;
}

static uint64_t resolve_array(question *q, uint32_t node, uint32_t depth)
{
    const hgr_signature_node *n = &q->signature->nodes[node];
    uint64_t element = resolve_node(q, node + 1, depth + 1), found = 0;
    if (element != 0 && element != HGR_CLR_SOME_REFERENCE)
        found = hgr_clr_find_array(&q->resolver->index, element,
                                   n->element == HGR_ELEMENT_ARRAY ? n->count : 0);
    return found ? found : HGR_CLR_SOME_REFERENCE;
}

static uint64_t resolve_variable(question *q, uint32_t number)
{
    const hgr_space *space = q->names->runtime->space;
    uint64_t handle;
    if (number >= q->context->narguments ||
        !hgr_space_ptr(space, q->context->arguments_addr + (uint64_t)number * space->pointer_size,
                       &handle))
        return 0;
    return handle;
}

/* A method table, HGR_CLR_SOME_REFERENCE, or 0. */
static uint64_t resolve_node(question *q, uint32_t node, uint32_t depth)
{
    const hgr_signature_node *n = &q->signature->nodes[node];
    uint64_t found;
    if (depth >= HGR_SIGNATURE_MAX_DEPTH || q->result != HGR_OK)
        return 0;
    switch (n->element) {
    case HGR_ELEMENT_VALUE_TYPE:
        return method_table_of(q, resolve_token(q, n->table, n->row));
    case HGR_ELEMENT_CLASS:
        found = method_table_of(q, resolve_token(q, n->table, n->row));
        return found ? found : HGR_CLR_SOME_REFERENCE;
    case HGR_ELEMENT_GENERIC_INSTANCE:
        return resolve_instance(q, node, depth);
    case HGR_ELEMENT_VECTOR:
    case HGR_ELEMENT_ARRAY:
        return resolve_array(q, node, depth);
    case HGR_ELEMENT_VAR:
        return resolve_variable(q, n->count);
    default:
        return n->element <= HGR_ELEMENT_OBJECT ? q->resolver->primitives[n->element] : 0;
    }
}

hgr_result hgr_clr_resolve(hgr_clr_names *names, const hgr_clr_context *context,
                           const hgr_signature *signature, uint64_t *out, hgr_status *status)
{
    hgr_result result = names->resolver ? HGR_OK : make_resolver(names, status);
    if (result != HGR_OK)
        return result;
    question q = {names, names->resolver, context, signature, HGR_OK, status};
    uint64_t found = resolve_node(&q, 0, 0);
    if (q.result == HGR_OK)
        *out = found & 3 ? 0 : found; /* TypeDescs and "some reference" have no method table */
    return q.result;
}
