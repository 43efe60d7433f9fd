/* tools: Free blocks of at least 0.5 MiB, as the scan kept them. */
#include "free_blocks.h"

#include <inttypes.h>

static const char *next_type(const tool_session *session, const hgr_free_block *block)
{
    if (block->next_type == UINT32_MAX)
        return NULL;
    return hgr_snapshot_type(session->snapshot, block->next_type)->name;
}

void free_blocks_print(const tool_session *session, uint64_t top)
{
    static const table_column columns[] = {
        {"address", TABLE_ADDRESS}, {"free bytes", TABLE_BYTES}, {"followed by", TABLE_TEXT}};
    size_t count = hgr_snapshot_free_blocks(session->snapshot);
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 3,
               "sorted by address");
    for (size_t i = 0; i < count && i < top; i++) {
        const hgr_free_block *block = hgr_snapshot_free_block(session->snapshot, i);
        const char *name = next_type(session, block);
        table_number(&table, block->addr);
        table_number(&table, block->bytes);
        table_text(&table, name ? name : "(end of segment)");
    }
    table_finish(&table);
    if (count > top)
        printf("%" PRIu64 " of %zu free blocks; --all shows every one\n", top, count);
}

void free_blocks_write(tool_session *session, const char *key)
{
    tool_json *json = &session->json;
    out_array(json, key);
    for (size_t i = 0; i < hgr_snapshot_free_blocks(session->snapshot); i++) {
        const hgr_free_block *block = hgr_snapshot_free_block(session->snapshot, i);
        out_object(json, NULL);
        out_address(json, "address", block->addr);
        out_u64(json, "bytes", block->bytes);
        if (block->next_addr)
            out_address(json, "next_address", block->next_addr);
        else
            out_null(json, "next_address");
        out_text(json, "next_type", next_type(session, block));
        out_end_object(json);
    }
    out_end_array(json);
}
