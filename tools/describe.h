/* tools: how an object, a reference and a root read in an answer. */
#ifndef TOOLS_DESCRIBE_H
#define TOOLS_DESCRIBE_H

#include "session.h"

/** Append the field or index by which u first refers to v: "_items", "[17]"; "" when it does not. */
void describe_via(const tool_session *session, hgr_node u, hgr_node v, strbuf *out);
/** The same for the e-th reference of u. */
void describe_reference(const tool_session *session, hgr_node u, uint32_t e, strbuf *out);
/** Append a member behind a type: "Type._items", "Type[17]", "Type (dependent handle)". */
void describe_member(const char *type, const char *via, strbuf *out);
/** Write root as an object {kind, name, slot, ...} below key (NULL inside an array). */
void describe_root_json(tool_json *json, const char *key, const hgr_root *root);

/** For each node the smallest index of a root that names it, or UINT32_MAX; the caller frees. */
uint32_t *describe_first_roots(const tool_session *session);

/** The operands of a command that takes a dump and an address, in either order. EXIT_DONE or EXIT_USAGE. */
int describe_operands(const tool_opts *opts, const char **out_dump, uint64_t *out_addr, bool *out_has_addr);

#endif
