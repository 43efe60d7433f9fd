/* tools: the document of `types`. */
#include "types_json.h"

#include "free_blocks.h"

static void write_row(tool_session *session, const tool_groups *groups, const tool_group *row,
                      bool retained)
{
    tool_json *json = &session->json;
    const hgr_snapshot *snapshot = session->snapshot;
    out_object(json, NULL);
    out_text(json, "type", row->name);
    out_u64(json, "count", row->count);
    out_u64(json, "bytes", row->bytes);
    if (retained) {
        out_u64(json, "retained_bytes", row->retained_bytes);
        out_u64(json, "owned_bytes", row->owned_bytes);
    }
    if (row->first < row->end && opt_number(session->opts, OPT_BY) == BY_TYPE)
        out_text(json, "module", hgr_snapshot_type(snapshot, groups->types[row->first])->module);
    out_array(json, "method_tables");
    for (uint32_t i = row->first; i < row->end; i++)
        out_address(json, NULL, hgr_snapshot_type(snapshot, groups->types[i])->method_table_addr);
    out_end_array(json);
    out_object(json, "generations");
    for (unsigned g = 0; g < HGR_GENERATIONS; g++) {
        if (row->generation_count[g] == 0)
            continue;
        out_object(json, hgr_generation_name((hgr_generation)g));
        out_u64(json, "count", row->generation_count[g]);
        out_u64(json, "bytes", row->generation_bytes[g]);
        out_end_object(json);
    }
    out_end_object(json);
    out_end_object(json);
}

void types_write(tool_session *session, const tool_groups *groups, const tool_pick *order,
                 const tool_group *total, bool retained)
{
    tool_json *json = &session->json;
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    out_object(json, "totals");
    out_u64(json, "count", total->count);
    out_u64(json, "bytes", total->bytes);
    out_u64(json, "free_count", totals->free_count);
    out_u64(json, "free_bytes", totals->free_bytes);
    out_end_object(json);
    out_array(json, "types");
    for (size_t i = 0; i < order->count; i++)
        write_row(session, groups, &groups->rows[order->rows[i].id], retained);
    out_end_array(json);
    free_blocks_write(session, "free_blocks");
}
