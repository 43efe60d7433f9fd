/* clr: types in signatures.
 *
 * Input: bytes of a blob. Output: nodes in prefix order. Method: recursive descent with a cap on
 * depth and on nodes, so hostile bytes cost a bounded amount. */
#include "clr_signature.h"

#include "method_table.h"

typedef struct parser {
    hgr_cursor *c;
    hgr_signature *out;
    hgr_status *status;
} parser;

static hgr_result parse_type(parser *p, uint32_t depth);

static hgr_result bad(parser *p, const char *what)
{
    return hgr_cursor_fail(p->c, p->status, HGR_BAD_DATA, "signature: %s", what);
}

/* Modifiers say nothing about layout or identity here: step over them. */
static hgr_result skip_modifiers(parser *p, uint8_t *element)
{
    for (;;) {
        uint32_t table, row;
        if (!hgr_cursor_u8(p->c, element))
            return bad(p, "ends early");
        if (*element == HGR_ELEMENT_PINNED || *element == HGR_ELEMENT_SENTINEL)
            continue;
        if (*element != HGR_ELEMENT_MODIFIER_REQUIRED && *element != HGR_ELEMENT_MODIFIER_OPTIONAL)
            return HGR_OK;
        if (!hgr_metadata_type_token(p->c, &table, &row))
            return bad(p, "modifier without a type");
    }
}

static hgr_result parse_parts(parser *p, uint32_t count, uint32_t depth)
{
    for (uint32_t i = 0; i < count; i++) { /* each costs a node: bounded */
        hgr_result result = parse_type(p, depth + 1);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

static hgr_result parse_instance(parser *p, hgr_signature_node *node, uint32_t depth)
{
    uint8_t kind;
    if (!hgr_cursor_u8(p->c, &kind) ||
        (kind != HGR_ELEMENT_CLASS && kind != HGR_ELEMENT_VALUE_TYPE) ||
        !hgr_metadata_type_token(p->c, &node->table, &node->row) ||
        !hgr_metadata_compressed(p->c, &node->count))
        return bad(p, "generic instance without its type");
    node->is_value_type = kind == HGR_ELEMENT_VALUE_TYPE;
    return parse_parts(p, node->count, depth);
}

/* II.23.2.13: rank, sizes, lower bounds behind the element's type. */
static hgr_result parse_array(parser *p, hgr_signature_node *node, uint32_t depth)
{
    hgr_result result = parse_parts(p, 1, depth);
    if (result != HGR_OK)
        return result;
    if (!hgr_metadata_compressed(p->c, &node->count) || node->count == 0 || node->count > 32)
        return bad(p, "array without a rank");
    for (uint32_t list = 0; list < 2; list++) {
        uint32_t count, ignored;
        if (!hgr_metadata_compressed(p->c, &count) || count > 32)
            return bad(p, "array shape");
        for (uint32_t i = 0; i < count; i++)
            if (!hgr_metadata_compressed(p->c,
                                         &ignored)) /* lower bounds are signed: the same length */
                return bad(p, "array shape ends early");
    }
    return HGR_OK;
}

static hgr_result parse_function(parser *p, hgr_signature_node *node, uint32_t depth)
{
    uint8_t convention;
    uint32_t generic, params;
    if (!hgr_cursor_u8(p->c, &convention) ||
        ((convention & 0x10) && !hgr_metadata_compressed(p->c, &generic)) ||
        !hgr_metadata_compressed(p->c, &params) || params >= HGR_SIGNATURE_MAX_NODES)
        return bad(p, "function pointer");
    node->count = params + 1;
    return parse_parts(p, node->count, depth);
}

static hgr_result parse_element(parser *p, hgr_signature_node *node, uint32_t depth)
{
    switch (node->element) {
    case HGR_ELEMENT_CLASS:
    case HGR_ELEMENT_VALUE_TYPE:
        return hgr_metadata_type_token(p->c, &node->table, &node->row)
                   ? HGR_OK
                   : bad(p, "class without a type");
    case HGR_ELEMENT_VAR:
    case HGR_ELEMENT_METHOD_VAR:
        return hgr_metadata_compressed(p->c, &node->count) ? HGR_OK
                                                           : bad(p, "variable without a number");
    case HGR_ELEMENT_POINTER:
    case HGR_ELEMENT_BYREF:
    case HGR_ELEMENT_VECTOR:
        return parse_parts(p, 1, depth);
    case HGR_ELEMENT_GENERIC_INSTANCE:
        return parse_instance(p, node, depth);
    case HGR_ELEMENT_ARRAY:
        return parse_array(p, node, depth);
    case HGR_ELEMENT_FUNCTION:
        return parse_function(p, node, depth);
    case HGR_ELEMENT_INTERNAL:
        return hgr_cursor_u32(p->c, &node->table) && hgr_cursor_u32(p->c, &node->row)
                   ? HGR_OK
                   : bad(p, "type handle ends early");
    default:
        break;
    }
    bool plain = (node->element >= HGR_ELEMENT_VOID && node->element <= HGR_ELEMENT_STRING) ||
                 node->element == HGR_ELEMENT_TYPED_BYREF || node->element == HGR_ELEMENT_INT_PTR ||
                 node->element == HGR_ELEMENT_UINT_PTR || node->element == HGR_ELEMENT_OBJECT;
    return plain ? HGR_OK : bad(p, "unknown element");
}

static hgr_result parse_type(parser *p, uint32_t depth)
{
    uint32_t index = p->out->count;
    if (depth >= HGR_SIGNATURE_MAX_DEPTH || index >= HGR_SIGNATURE_MAX_NODES)
        return hgr_cursor_fail(p->c, p->status, HGR_TOO_LARGE,
                               "signature: over %u nodes or %u levels", HGR_SIGNATURE_MAX_NODES,
                               HGR_SIGNATURE_MAX_DEPTH);
    uint8_t element = 0;
    hgr_result result = skip_modifiers(p, &element);
    if (result != HGR_OK)
        return result;
    hgr_signature_node *node = &p->out->nodes[index];
    *node = (hgr_signature_node){.element = element};
    p->out->count = index + 1;
    result = parse_element(p, node, depth);
    node->end = (uint16_t)p->out->count; /* <= HGR_SIGNATURE_MAX_NODES */
    return result;
}

hgr_result hgr_signature_type(hgr_cursor *c, hgr_signature *out, hgr_status *status)
{
    parser p = {c, out, status};
    out->count = 0;
    return parse_type(&p, 0);
}

hgr_result hgr_signature_field(hgr_cursor *c, hgr_signature *out, hgr_status *status)
{
    uint8_t prolog;
    if (!hgr_cursor_u8(c, &prolog) || prolog != 0x06)
        return hgr_cursor_fail(c, status, HGR_BAD_DATA, "signature: no field");
    return hgr_signature_type(c, out, status);
}
