/* clr: types in signatures (ECMA-335 II.23.2.12), parsed into a flat tree. */
#ifndef HGR_CLR_SIGNATURE_H
#define HGR_CLR_SIGNATURE_H

#include "metadata.h"

#define HGR_SIGNATURE_MAX_NODES                                                                    \
    256u /* nodes of one type; field types of real programs have a few dozen */
#define HGR_SIGNATURE_MAX_DEPTH 32u

/**
 * One node of a type, in prefix order: an element and, behind it, its parts.
 * CLASS and VALUE_TYPE have no parts; POINTER, BYREF, VECTOR and ARRAY have one; GENERIC_INSTANCE
 * has `count` arguments (its own class or value type is in table and row); FUNCTION has `count`
 * parts, the result first. INTERNAL has the two halves of a 64-bit type handle in table (low) and
 * row. Custom modifiers and PINNED are dropped.
 */
typedef struct hgr_signature_node {
    uint8_t element;    /* ELEMENT_TYPE */
    bool is_value_type; /* GENERIC_INSTANCE of a value type */
    uint16_t end;       /* index behind the last node of this subtree */
    uint32_t table,
        row;        /* TypeDef, TypeRef or TypeSpec that CLASS, VALUE_TYPE, GENERIC_INSTANCE name */
    uint32_t count; /* arguments; rank of ARRAY; number of VAR, METHOD_VAR */
} hgr_signature_node;

typedef struct hgr_signature {
    hgr_signature_node nodes[HGR_SIGNATURE_MAX_NODES];
    uint32_t count;
} hgr_signature;

/**
 * Read one type at c, which moves behind it.
 *
 * Errors   HGR_BAD_DATA (no such element, ends early), HGR_TOO_LARGE (over the two limits above).
 */
HGR_MUST_CHECK hgr_result hgr_signature_type(hgr_cursor *c, hgr_signature *out, hgr_status *status);
/** Read a field's signature: the prolog 0x06, then its type. */
HGR_MUST_CHECK hgr_result hgr_signature_field(hgr_cursor *c, hgr_signature *out,
                                              hgr_status *status);

#endif
