/* fuzz: metadata. The first byte's low bit chooses: the rest is a metadata root, or a PE image to
 * find one in. */
#include <stdlib.h>
#include <string.h>

#include "clr/clr_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define IMAGE_ADDR UINT64_C(0x10000)
#define ROWS_READ  200u /* of each table */

static void read_cell(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column)
{
    static hgr_signature signature;
    const char *text;
    size_t text_len;
    uint32_t value, to;
    hgr_cursor blob;
    if (hgr_metadata_string(metadata, table, row, column, &text, &text_len) &&
        strlen(text) != text_len)
        abort();
    if (hgr_metadata_coded(metadata, table, row, column, &value, &to) &&
        value >= HGR_METADATA_TABLES)
        abort();
    if (!hgr_metadata_blob(metadata, table, row, column, &blob))
        return;
    if (blob.bytes < metadata->bytes ||
        blob.len > (size_t)(metadata->bytes + metadata->len - blob.bytes))
        abort();
    (void)!hgr_signature_field(&blob, &signature, NULL);
}

static void read_root(const uint8_t *bytes, size_t len)
{
    hgr_metadata metadata;
    hgr_status status = {0};
    if (hgr_metadata_parse(bytes, len, IMAGE_ADDR, &metadata, &status) != HGR_OK) {
        if (status.text[0] == 0)
            abort();
        return;
    }
    for (uint32_t table = 0; table < HGR_METADATA_TABLES; table++)
        for (uint32_t row = 0; row <= metadata.rows[table] && row < ROWS_READ; row++)
            for (uint32_t column = 0; column <= HGR_METADATA_COLUMNS; column++)
                read_cell(&metadata, table, row, column);
}

static void find_root(const uint8_t *bytes, size_t len)
{
    hgr_run *run = NULL;
    hgr_space space;
    hgr_metadata_place place;
    if (len == 0 || hgr_run_create(1, &run, NULL) != HGR_OK)
        return;
    hgr_space_init(&space, run, 8);
    hgr_range range = {.start_addr = IMAGE_ADDR, .end_addr = IMAGE_ADDR + len, .bytes = bytes};
    if (hgr_space_add(&space, &range, NULL) == HGR_OK && hgr_space_seal(&space, NULL) == HGR_OK &&
        hgr_metadata_locate(&space, IMAGE_ADDR, &place, NULL) == HGR_OK) {
        const uint8_t *view = hgr_space_view(&space, place.addr, place.bytes);
        if (view)
            read_root(view, place.bytes);
    }
    hgr_space_fini(&space);
    hgr_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    if (bytes[0] & 1)
        find_root(bytes + 1, len - 1);
    else
        read_root(bytes + 1, len - 1);
    return 0;
}
