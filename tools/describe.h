/* tools: how an object, a reference and a root read in an answer. */
#ifndef TOOLS_DESCRIBE_H
#define TOOLS_DESCRIBE_H

#include "session.h"

/** Append the field or index by which u first refers to v: "_items", "[17]"; "" when it does not.
 */
void describe_via(const tool_session *session, hgr_node u, hgr_node v, strbuf *out);
/** The same for the e-th reference of u. */
void describe_reference(const tool_session *session, hgr_node u, uint32_t e, strbuf *out);
/** Append a member behind a type: "Type._items", "Type[17]", "Type (dependent handle)". */
void describe_member(const char *type, const char *via, strbuf *out);
/** The members of a root: where it is (kind, name, slot, object); how it was found. */
void describe_root_place(tool_json *json, const hgr_root *root);
void describe_root_evidence(tool_json *json, const hgr_root *root);
/** Write root as an object {kind, name, slot, ...} below key (NULL inside an array). */
void describe_root_json(tool_json *json, const char *key, const hgr_root *root);

/** Which objects are named by roots. */
typedef struct named_roots {
    struct named_root *rows; /* by node, then root index */
    size_t count;
} named_roots;
named_roots named_roots_create(const tool_session *session);
void named_roots_free(named_roots *roots);
/** The smallest index of a root that names the node, or UINT32_MAX. O(log roots). */
uint32_t named_root_of(const named_roots *roots, hgr_node node);

/** Append the type, and the root that names the object if there is one: "Foo  (static
 * Shop.Cache.Items)". */
void describe_with_root(const tool_session *session, const named_roots *roots, hgr_node node,
                        strbuf *out);

/** The operands of a command that takes a dump and an address, in either order. EXIT_DONE or
 * EXIT_USAGE. */
int describe_operands(const tool_opts *opts, const char **out_dump, uint64_t *out_addr,
                      bool *out_has_addr);

#endif
