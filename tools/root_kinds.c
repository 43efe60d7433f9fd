/* tools: roots by kind. */
#include "root_kinds.h"

#include <stdlib.h>

void root_kinds_count(root_kind_sum sums[HGR_ROOT_KINDS], const tool_session *session)
{
    uint32_t n = session_nodes(session);
    unsigned char *seen =
        must_alloc(n, 1); /* 1 + the kind that saw the node last: roots come by kind */
    for (size_t i = 0; i < hgr_snapshot_roots(session->snapshot); i++) {
        const hgr_root *root = hgr_snapshot_root(session->snapshot, i);
        root_kind_sum *sum = &sums[root->kind];
        sum->count++;
        if (root->node >= n || seen[root->node] == (unsigned char)(root->kind + 1))
            continue;
        seen[root->node] = (unsigned char)(root->kind + 1);
        sum->objects++;
        sum->bytes += hgr_node_bytes(session->snapshot, root->node);
    }
    free(seen);
}

/* The arrays in which the runtime keeps static fields. They hang on strong handles, so without the
 * statics they would still hold everything: when the statics go, they go too. */
static bool *find_static_arrays(const tool_session *session)
{
    uint32_t n = session_nodes(session);
    bool *arrays = must_alloc(n, sizeof *arrays);
    for (size_t i = 0; i < session->nroots; i++) {
        const hgr_root *root = hgr_snapshot_root(session->snapshot, i);
        if (root->kind != HGR_ROOT_STATIC || !root->slot_addr)
            continue;
        hgr_node array = hgr_node_containing(session->snapshot, root->slot_addr);
        if (array < n)
            arrays[array] = true;
    }
    return arrays;
}

/* Bytes that only roots of one kind keep: all reachable ones without those the other roots reach.
 */
static int retain_kind(tool_session *session, hgr_root_kind kind, uint64_t whole, uint64_t *out)
{
    hgr_status status = {0};
    hgr_reach *reach = NULL;
    size_t others = 0;
    bool *arrays = find_static_arrays(session);
    hgr_node *roots = must_alloc(session->nroots, sizeof *roots);
    for (size_t i = 0; i < session->nroots; i++) {
        bool goes = hgr_snapshot_root(session->snapshot, i)->kind == kind ||
                    (kind == HGR_ROOT_STATIC && arrays[session->roots[i]]);
        if (!goes)
            roots[others++] = session->roots[i];
    }
    free(arrays);
    hgr_result result = hgr_reach_create(hgr_snapshot_graph(session->snapshot), roots, others, NULL,
                                         session->run, &reach, &status);
    free(roots);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    for (hgr_node u = 0; u < session_nodes(session); u++)
        if (hgr_reach_has(reach, u))
            whole -= hgr_node_bytes(session->snapshot, u);
    *out = whole;
    hgr_reach_free(reach);
    return EXIT_DONE;
}

int root_kinds_retain(root_kind_sum sums[HGR_ROOT_KINDS], tool_session *session)
{
    uint64_t whole = 0;
    int code = session_reach(session);
    for (hgr_node u = 0; code == EXIT_DONE && u < session_nodes(session); u++)
        if (hgr_reach_has(session->reach, u))
            whole += hgr_node_bytes(session->snapshot, u);
    for (unsigned k = 0; code == EXIT_DONE && k < HGR_ROOT_KINDS; k++)
        if (sums[k].count)
            code = retain_kind(session, (hgr_root_kind)k, whole, &sums[k].retained_bytes);
    return code;
}

void root_kinds_print(const root_kind_sum sums[HGR_ROOT_KINDS], const tool_session *session)
{
    const table_column columns[] = {
        {"roots", TABLE_COUNT},
        {"objects", TABLE_COUNT},
        {"bytes", TABLE_BYTES},
        {"retained bytes", opt_given(session->opts, OPT_RETAINED) ? TABLE_BYTES : TABLE_SKIP},
        {"kind", TABLE_TEXT}};
    tool_table table;
    root_kind_sum all = {0};
    table_init(&table, session->opts, session_pointer_size(session), columns, 5, NULL);
    for (unsigned k = 0; k < HGR_ROOT_KINDS; k++) {
        const root_kind_sum *sum = &sums[k];
        if (sum->count == 0)
            continue;
        all.count += sum->count;
        table_number(&table, sum->count);
        table_number(&table, sum->objects);
        table_number(&table, sum->bytes);
        table_number(&table, sum->retained_bytes);
        table_text(&table, hgr_root_kind_name((hgr_root_kind)k));
    }
    table_gap(&table);
    table_number(&table, all.count);
    for (int c = 0; c < 3; c++)
        table_empty(&table);
    table_text(&table, "(all roots)");
    table_finish(&table);
}

void root_kinds_write(const root_kind_sum sums[HGR_ROOT_KINDS], tool_session *session,
                      bool retained)
{
    tool_json *json = &session->json;
    out_array(json, "kinds");
    for (unsigned k = 0; k < HGR_ROOT_KINDS; k++) {
        const root_kind_sum *sum = &sums[k];
        if (sum->count == 0)
            continue;
        out_object(json, NULL);
        out_text(json, "kind", hgr_root_kind_name((hgr_root_kind)k));
        out_u64(json, "count", sum->count);
        out_u64(json, "objects", sum->objects);
        out_u64(json, "bytes", sum->bytes);
        if (retained)
            out_u64(json, "retained_bytes", sum->retained_bytes);
        out_end_object(json);
    }
    out_end_array(json);
}
