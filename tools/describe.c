/* tools: objects, references and roots as text. */
#include "describe.h"

#include <stdlib.h>
#include <string.h>

#include "units.h"

void describe_reference(const tool_session *session, hgr_node u, uint32_t e, strbuf *out)
{
    char small[256];
    size_t needed = hgr_reference_name(session->snapshot, u, e, small, sizeof small);
    if (needed < sizeof small) {
        strbuf_add_z(out, small);
        return;
    }
    char *big = must_alloc(needed + 1, 1);
    hgr_reference_name(session->snapshot, u, e, big, needed + 1);
    strbuf_add_z(out, big);
    free(big);
}

void describe_via(const tool_session *session, hgr_node u, hgr_node v, strbuf *out)
{
    uint32_t count = 0;
    const hgr_node *targets = hgr_graph_targets(hgr_snapshot_graph(session->snapshot), u, &count);
    for (uint32_t e = 0; e < count; e++)
        if (targets[e] == v) {
            describe_reference(session, u, e, out);
            return;
        }
}

void describe_member(const char *type, const char *via, strbuf *out)
{
    strbuf_add_z(out, type);
    if (!*via)
        return;
    strbuf_add_z(out, *via == '[' ? "" : *via == '(' ? " " : ".");
    strbuf_add_z(out, via);
}

void describe_root_place(tool_json *json, const hgr_root *root)
{
    out_text(json, "kind", hgr_root_kind_name(root->kind));
    out_text(json, "name", root->name);
    if (root->slot_addr)
        out_address(json, "slot", root->slot_addr);
    else
        out_null(json, "slot");
    out_address(json, "object", root->object_addr);
}

void describe_root_evidence(tool_json *json, const hgr_root *root)
{
    if (root->thread_os_id)
        out_u64(json, "thread_id", root->thread_os_id);
    out_bool(json, "interior", root->interior);
    out_bool(json, "conservative", root->conservative);
}

void describe_root_json(tool_json *json, const char *key, const hgr_root *root)
{
    out_object(json, key);
    describe_root_place(json, root);
    describe_root_evidence(json, root);
    out_end_object(json);
}

struct named_root {
    hgr_node node;
    uint32_t root;
};

static int compare_named_roots(const void *left, const void *right)
{
    const struct named_root *a = left, *b = right;
    if (a->node != b->node)
        return a->node < b->node ? -1 : 1;
    return (a->root > b->root) - (a->root < b->root);
}

named_roots named_roots_create(const tool_session *session)
{
    named_roots roots = {must_alloc(session->nroots, sizeof *roots.rows), session->nroots};
    for (size_t i = 0; i < roots.count; i++) /* fewer than 2^32 roots: hgr_path counts them so */
        roots.rows[i] = (struct named_root){session->roots[i], (uint32_t)i};
    if (roots.count > 1)
        qsort(roots.rows, roots.count, sizeof *roots.rows, compare_named_roots);
    return roots;
}

void named_roots_free(named_roots *roots)
{
    free(roots->rows);
    *roots = (named_roots){0};
}

uint32_t named_root_of(const named_roots *roots, hgr_node node)
{
    size_t first = 0, end = roots->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (roots->rows[middle].node < node)
            first = middle + 1;
        else
            end = middle;
    }
    return first < roots->count && roots->rows[first].node == node ? roots->rows[first].root
                                                                   : UINT32_MAX;
}

void describe_with_root(const tool_session *session, const named_roots *roots, hgr_node node,
                        strbuf *out)
{
    uint32_t root = named_root_of(roots, node);
    strbuf_add_z(out, session_type_name(session, node));
    if (root != UINT32_MAX)
        strbuf_format(out, "  (%s)", hgr_snapshot_root(session->snapshot, root)->name);
}

static bool is_address(const char *operand, uint64_t *out)
{
    return (operand[0] == '0' && (operand[1] == 'x' || operand[1] == 'X')) &&
           units_parse_address(operand, out);
}

int describe_operands(const tool_opts *opts, const char **out_dump, uint64_t *out_addr,
                      bool *out_has_addr)
{
    const char *first = opts->operands[0], *second = opts->operands[1];
    *out_dump = first;
    *out_has_addr = second != NULL;
    if (!second || is_address(second, out_addr))
        return EXIT_DONE;
    if (is_address(first, out_addr)) {
        *out_dump = second;
        return EXIT_DONE;
    }
    if (units_parse_address(second, out_addr)) /* without 0x, as some debuggers print it */
        return EXIT_DONE;
    return opt_usage(opts,
                     "ADDRESS '%.100s': allowed: a hexadecimal address such as 0x00007f12abcd0010",
                     second);
}
