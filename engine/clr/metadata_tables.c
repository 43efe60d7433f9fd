/* clr: metadata tables, strings and blobs.
 *
 * Input: the bytes of one metadata root. Output: positions and widths of every table, then single
 * cells. Method: ECMA-335 II.24.2: root, stream headers, #~ (or the unoptimised #-) with its row
 * counts; the width of a column follows from the heap sizes and the row counts of the tables it may
 * name. */
#include "metadata.h"

/* Column kinds of the schema: 2 or 4 bytes, a heap, a table (TABLE + number), a coded index (CODED
 * + kind). */
enum {
    END = 0,
    U2 = 2,
    U4 = 4,
    STRING = 5,
    GUID = 6,
    BLOB = 7,
    TABLE = 0x10, /* .. 0x3c */
    CODED = 0x40
};

enum coded_kind {
    TYPE_DEF_OR_REF,
    HAS_CONSTANT,
    HAS_CUSTOM_ATTRIBUTE,
    HAS_FIELD_MARSHAL,
    HAS_DECL_SECURITY,
    MEMBER_REF_PARENT,
    HAS_SEMANTICS,
    METHOD_DEF_OR_REF,
    MEMBER_FORWARDED,
    IMPLEMENTATION,
    CUSTOM_ATTRIBUTE_TYPE,
    RESOLUTION_SCOPE,
    TYPE_OR_METHOD_DEF,
    CODED_KINDS
};

#define NO_TABLE  0xff
#define MAX_CODED 22

/* II.24.2.6: which tables a tag selects. */
static const struct coded {
    uint8_t bits, count, tables[MAX_CODED];
} CODED_INDEX[CODED_KINDS] = {
    [TYPE_DEF_OR_REF] = {2, 3, {0x02, 0x01, 0x1b}},
    [HAS_CONSTANT] = {2, 3, {0x04, 0x08, 0x17}},
    [HAS_CUSTOM_ATTRIBUTE] = {5, 22, {0x06, 0x04, 0x01, 0x02, 0x08, 0x09, 0x0a, 0x00,
                                      0x0e, 0x17, 0x14, 0x11, 0x1a, 0x1b, 0x20, 0x23,
                                      0x26, 0x27, 0x28, 0x2a, 0x2c, 0x2b}},
    [HAS_FIELD_MARSHAL] = {1, 2, {0x04, 0x08}},
    [HAS_DECL_SECURITY] = {2, 3, {0x02, 0x06, 0x20}},
    [MEMBER_REF_PARENT] = {3, 5, {0x02, 0x01, 0x1a, 0x06, 0x1b}},
    [HAS_SEMANTICS] = {1, 2, {0x14, 0x17}},
    [METHOD_DEF_OR_REF] = {1, 2, {0x06, 0x0a}},
    [MEMBER_FORWARDED] = {1, 2, {0x04, 0x06}},
    [IMPLEMENTATION] = {2, 3, {0x26, 0x23, 0x27}},
    [CUSTOM_ATTRIBUTE_TYPE] = {3, 5, {NO_TABLE, NO_TABLE, 0x06, 0x0a, NO_TABLE}},
    [RESOLUTION_SCOPE] = {2, 4, {0x00, 0x1a, 0x23, 0x01}},
    [TYPE_OR_METHOD_DEF] = {1, 2, {0x02, 0x06}},
};

#define T(number) (TABLE + (number))
#define C(kind)   (CODED + (kind))

/* II.22: the columns of each table. */
static const uint8_t SCHEMA[HGR_METADATA_TABLES][HGR_METADATA_COLUMNS + 1] = {
    [0x00] = {U2, STRING, GUID, GUID, GUID},                             /* Module */
    [0x01] = {C(RESOLUTION_SCOPE), STRING, STRING},                      /* TypeRef */
    [0x02] = {U4, STRING, STRING, C(TYPE_DEF_OR_REF), T(0x04), T(0x06)}, /* TypeDef */
    [0x03] = {T(0x04)},                                                  /* FieldPtr */
    [0x04] = {U2, STRING, BLOB},                                         /* Field */
    [0x05] = {T(0x06)},                                                  /* MethodPtr */
    [0x06] = {U4, U2, U2, STRING, BLOB, T(0x08)},                        /* MethodDef */
    [0x07] = {T(0x08)},                                                  /* ParamPtr */
    [0x08] = {U2, U2, STRING},                                           /* Param */
    [0x09] = {T(0x02), C(TYPE_DEF_OR_REF)},                              /* InterfaceImpl */
    [0x0a] = {C(MEMBER_REF_PARENT), STRING, BLOB},                       /* MemberRef */
    [0x0b] = {U2, C(HAS_CONSTANT), BLOB},                                /* Constant */
    [0x0c] = {C(HAS_CUSTOM_ATTRIBUTE), C(CUSTOM_ATTRIBUTE_TYPE), BLOB},  /* CustomAttribute */
    [0x0d] = {C(HAS_FIELD_MARSHAL), BLOB},                               /* FieldMarshal */
    [0x0e] = {U2, C(HAS_DECL_SECURITY), BLOB},                           /* DeclSecurity */
    [0x0f] = {U2, U4, T(0x02)},                                          /* ClassLayout */
    [0x10] = {U4, T(0x04)},                                              /* FieldLayout */
    [0x11] = {BLOB},                                                     /* StandAloneSig */
    [0x12] = {T(0x02), T(0x14)},                                         /* EventMap */
    [0x13] = {T(0x14)},                                                  /* EventPtr */
    [0x14] = {U2, STRING, C(TYPE_DEF_OR_REF)},                           /* Event */
    [0x15] = {T(0x02), T(0x17)},                                         /* PropertyMap */
    [0x16] = {T(0x17)},                                                  /* PropertyPtr */
    [0x17] = {U2, STRING, BLOB},                                         /* Property */
    [0x18] = {U2, T(0x06), C(HAS_SEMANTICS)},                            /* MethodSemantics */
    [0x19] = {T(0x02), C(METHOD_DEF_OR_REF), C(METHOD_DEF_OR_REF)},      /* MethodImpl */
    [0x1a] = {STRING},                                                   /* ModuleRef */
    [0x1b] = {BLOB},                                                     /* TypeSpec */
    [0x1c] = {U2, C(MEMBER_FORWARDED), STRING, T(0x1a)},                 /* ImplMap */
    [0x1d] = {U4, T(0x04)},                                              /* FieldRVA */
    [0x1e] = {U4, U4},                                                   /* EncLog */
    [0x1f] = {U4},                                                       /* EncMap */
    [0x20] = {U4, U2, U2, U2, U2, U4, BLOB, STRING, STRING},             /* Assembly */
    [0x21] = {U4},                                                       /* AssemblyProcessor */
    [0x22] = {U4, U4, U4},                                               /* AssemblyOS */
    [0x23] = {U2, U2, U2, U2, U4, BLOB, STRING, STRING, BLOB},           /* AssemblyRef */
    [0x24] = {U4, T(0x23)},                                              /* AssemblyRefProcessor */
    [0x25] = {U4, U4, U4, T(0x23)},                                      /* AssemblyRefOS */
    [0x26] = {U4, STRING, BLOB},                                         /* File */
    [0x27] = {U4, U4, STRING, STRING, C(IMPLEMENTATION)},                /* ExportedType */
    [0x28] = {U4, U4, STRING, C(IMPLEMENTATION)},                        /* ManifestResource */
    [0x29] = {T(0x02), T(0x02)},                                         /* NestedClass */
    [0x2a] = {U2, U2, C(TYPE_OR_METHOD_DEF), STRING},                    /* GenericParam */
    [0x2b] = {C(METHOD_DEF_OR_REF), BLOB},                               /* MethodSpec */
    [0x2c] = {T(0x2a), C(TYPE_DEF_OR_REF)}, /* GenericParamConstraint */
};

enum { WIDE_STRINGS = 1, WIDE_GUIDS = 2, WIDE_BLOBS = 4, EXTRA_DATA = 0x40 };

typedef struct tables_header {
    uint8_t heap_sizes;
    uint64_t valid;
} tables_header;

#define ROOT_SIGNATURE 0x424a5342u
#define MAX_STREAMS    64 /* five are defined; writers add a few of their own */
#define MAX_VERSION    256

static uint32_t coded_bytes(const hgr_metadata *metadata, uint32_t kind)
{
    const struct coded *coded = &CODED_INDEX[kind];
    uint32_t most = 0;
    for (uint32_t i = 0; i < coded->count; i++)
        if (coded->tables[i] != NO_TABLE && metadata->rows[coded->tables[i]] > most)
            most = metadata->rows[coded->tables[i]];
    return most < UINT32_C(1) << (16 - coded->bits) ? 2 : 4;
}

static uint32_t column_bytes(const hgr_metadata *metadata, uint8_t heap_sizes, uint8_t column)
{
    if (column == U2 || column == U4)
        return column;
    if (column == STRING)
        return heap_sizes & WIDE_STRINGS ? 4 : 2;
    if (column == GUID)
        return heap_sizes & WIDE_GUIDS ? 4 : 2;
    if (column == BLOB)
        return heap_sizes & WIDE_BLOBS ? 4 : 2;
    if (column >= CODED)
        return coded_bytes(metadata, column - CODED);
    return metadata->rows[column - TABLE] > 0xffff ? 4 : 2;
}

/* Row counts are known: where does each table begin, and how wide are its columns? */
static void place_tables(hgr_metadata *metadata, uint8_t heap_sizes, size_t first)
{
    uint64_t off = first; /* at most 45 * 2^24 * 36 bytes more: no overflow */
    for (uint32_t table = 0; table < HGR_METADATA_TABLES; table++) {
        uint32_t bytes = 0, column = 0;
        for (; column < HGR_METADATA_COLUMNS && SCHEMA[table][column] != END; column++) {
            metadata->column_off[table][column] = (uint8_t)bytes; /* <= 36 */
            bytes += column_bytes(metadata, heap_sizes, SCHEMA[table][column]);
        }
        metadata->column_off[table][column] = (uint8_t)bytes; /* end of the last column */
        metadata->row_bytes[table] = bytes;
        metadata->table_off[table] = (size_t)off;
        off += (uint64_t)bytes * metadata->rows[table];
    }
    /* Only now, for widths follow from the counts as written: rows beyond the end do not exist. */
    for (uint32_t table = 0; table < HGR_METADATA_TABLES; table++) {
        size_t left = metadata->table_off[table] < metadata->len
                          ? metadata->len - metadata->table_off[table]
                          : 0;
        if (metadata->rows[table] > left / metadata->row_bytes[table])
            metadata->rows[table] = (uint32_t)(left / metadata->row_bytes[table]);
    }
}

static hgr_result parse_tables(hgr_metadata *metadata, hgr_cursor c, hgr_status *status)
{
    tables_header header;
    if (!hgr_cursor_skip(&c, 6) || !hgr_cursor_u8(&c, &header.heap_sizes) ||
        !hgr_cursor_skip(&c, 1) || !hgr_cursor_u64(&c, &header.valid) || !hgr_cursor_skip(&c, 8))
        return hgr_cursor_fail(&c, status, HGR_TRUNCATED, "metadata tables: header ends early");
    for (uint32_t table = 0; table < 64; table++) {
        uint32_t rows;
        if (!(header.valid >> table & 1))
            continue;
        if (!hgr_cursor_u32(&c, &rows))
            return hgr_cursor_fail(&c, status, HGR_TRUNCATED,
                                   "metadata tables: row counts end early");
        if (rows > HGR_METADATA_MAX_ROWS)
            return hgr_cursor_fail(&c, status, HGR_BAD_DATA,
                                   "metadata table 0x%x: %u rows, limit %u", table, rows,
                                   HGR_METADATA_MAX_ROWS);
        if (table < HGR_METADATA_TABLES)
            metadata->rows[table] = rows;
    }
    if ((header.heap_sizes & EXTRA_DATA) && !hgr_cursor_skip(&c, 4))
        return hgr_cursor_fail(&c, status, HGR_TRUNCATED, "metadata tables: extra data ends early");
    place_tables(metadata, header.heap_sizes, c.pos);
    return HGR_OK;
}

typedef struct stream {
    uint32_t off, bytes;
    char name[33]; /* at most 32 characters */
} stream;

static bool read_stream(hgr_cursor *c, stream *out)
{
    *out = (stream){0};
    if (!hgr_cursor_u32(c, &out->off) || !hgr_cursor_u32(c, &out->bytes))
        return false;
    for (uint32_t i = 0; i < 33; i++) { /* 32 bytes and the end */
        uint8_t letter;
        if (!hgr_cursor_u8(c, &letter))
            return false;
        if (letter == 0)
            return hgr_cursor_skip(c, (4 - (i + 1) % 4) % 4); /* padded to 4, the zero included */
        if (i < 32)
            out->name[i] = (char)letter;
    }
    return false;
}

/* A heap as far as the bytes go. */
static void keep_heap(const hgr_metadata *metadata, const stream *from, size_t *off, size_t *len)
{
    if (from->off > metadata->len)
        return;
    size_t left = metadata->len - from->off;
    *off = from->off;
    *len = from->bytes < left ? from->bytes : left;
}

static hgr_result parse_streams(hgr_metadata *metadata, hgr_cursor *c, hgr_status *status)
{
    uint16_t count;
    if (!hgr_cursor_skip(c, 2) || !hgr_cursor_u16(c, &count) || count > MAX_STREAMS)
        return hgr_cursor_fail(c, status, HGR_BAD_DATA, "metadata root: no stream headers");
    bool found = false;
    hgr_cursor tables = *c;
    for (uint32_t i = 0; i < count; i++) {
        stream each;
        if (!read_stream(c, &each))
            return hgr_cursor_fail(c, status, HGR_TRUNCATED, "metadata root: stream %u ends early",
                                   i);
        if (strcmp(each.name, "#Strings") == 0)
            keep_heap(metadata, &each, &metadata->strings_off, &metadata->strings_len);
        else if (strcmp(each.name, "#Blob") == 0)
            keep_heap(metadata, &each, &metadata->blob_off, &metadata->blob_len);
        else if (strcmp(each.name, "#GUID") == 0)
            keep_heap(metadata, &each, &metadata->guid_off, &metadata->guid_len);
        else if (strcmp(each.name, "#~") == 0 || strcmp(each.name, "#-") == 0)
            found = hgr_cursor_seek(&tables, each.off);
    }
    if (!found)
        return hgr_cursor_fail(c, status, HGR_BAD_DATA, "metadata root: no table stream");
    return parse_tables(metadata, tables, status);
}

hgr_result hgr_metadata_parse(const uint8_t *bytes, size_t len, uint64_t addr, hgr_metadata *out,
                              hgr_status *status)
{
    hgr_cursor c = hgr_cursor_make(bytes, len, addr, HGR_AT_ADDR);
    uint32_t signature, version_bytes;
    if (!hgr_cursor_u32(&c, &signature) || !hgr_cursor_skip(&c, 8) ||
        !hgr_cursor_u32(&c, &version_bytes))
        return hgr_cursor_fail(&c, status, HGR_TRUNCATED, "metadata root: %zu bytes", len);
    if (signature != ROOT_SIGNATURE || version_bytes > MAX_VERSION)
        return hgr_cursor_fail(&c, status, HGR_BAD_DATA,
                               "metadata root: signature 0x%08x, expected 0x%08x", signature,
                               ROOT_SIGNATURE);
    if (!hgr_cursor_skip(&c, version_bytes))
        return hgr_cursor_fail(&c, status, HGR_TRUNCATED, "metadata root: version ends early");
    hgr_metadata metadata = {.bytes = bytes, .len = len, .addr = addr};
    hgr_result result = parse_streams(&metadata, &c, status);
    if (result == HGR_OK)
        *out = metadata;
    return result;
}

bool hgr_metadata_cell(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                       uint32_t *out)
{
    if (table >= HGR_METADATA_TABLES || row == 0 || row > metadata->rows[table] ||
        column >= HGR_METADATA_COLUMNS || SCHEMA[table][column] == END)
        return false;
    uint32_t from = metadata->column_off[table][column];
    uint32_t bytes = metadata->column_off[table][column + 1] - from;
    uint64_t off =
        metadata->table_off[table] + (uint64_t)metadata->row_bytes[table] * (row - 1) + from;
    if (metadata->len < bytes || off > metadata->len - bytes)
        return false;
    uint32_t value = 0;
    memcpy(&value, metadata->bytes + off, bytes); /* 2 or 4 */
    *out = value;
    return true;
}

static bool decode(enum coded_kind kind, uint32_t value, uint32_t *out_table, uint32_t *out_row)
{
    const struct coded *coded = &CODED_INDEX[kind];
    uint32_t tag = value & ((1u << coded->bits) - 1);
    if (tag >= coded->count || coded->tables[tag] == NO_TABLE)
        return false;
    *out_table = coded->tables[tag];
    *out_row = value >> coded->bits;
    return true;
}

bool hgr_metadata_coded(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                        uint32_t *out_table, uint32_t *out_row)
{
    uint32_t value;
    return hgr_metadata_cell(metadata, table, row, column, &value) &&
           SCHEMA[table][column] >= CODED &&
           decode((enum coded_kind)(SCHEMA[table][column] - CODED), value, out_table, out_row);
}

bool hgr_metadata_string(const hgr_metadata *metadata, uint32_t table, uint32_t row,
                         uint32_t column, const char **out, size_t *out_len)
{
    uint32_t off;
    if (!hgr_metadata_cell(metadata, table, row, column, &off) || SCHEMA[table][column] != STRING ||
        off >= metadata->strings_len)
        return false;
    size_t left = metadata->strings_len - off;
    const uint8_t *text = metadata->bytes + metadata->strings_off + off;
    const uint8_t *end =
        memchr(text, 0, left < HGR_METADATA_MAX_NAME ? left : HGR_METADATA_MAX_NAME);
    if (!end)
        return false;
    *out = (const char *)text;
    *out_len = (size_t)(end - text);
    return true;
}

bool hgr_metadata_compressed(hgr_cursor *c, uint32_t *out)
{
    hgr_cursor at = *c;
    uint8_t first, more[3] = {0};
    if (!hgr_cursor_u8(&at, &first) || first >= 0xe0)
        return false;
    uint32_t extra = first < 0x80 ? 0 : first < 0xc0 ? 1 : 3;
    for (uint32_t i = 0; i < extra; i++)
        if (!hgr_cursor_u8(&at, &more[i]))
            return false;
    if (extra == 0)
        *out = first;
    else if (extra == 1)
        *out = (uint32_t)(first & 0x3f) << 8 | more[0];
    else
        *out = (uint32_t)(first & 0x1f) << 24 | (uint32_t)more[0] << 16 | (uint32_t)more[1] << 8 |
               more[2];
    *c = at;
    return true;
}

bool hgr_metadata_type_token(hgr_cursor *c, uint32_t *out_table, uint32_t *out_row)
{
    uint32_t value;
    return hgr_metadata_compressed(c, &value) && decode(TYPE_DEF_OR_REF, value, out_table, out_row);
}

/* GUIDs count from 1; 0 = none. */
bool hgr_metadata_guid(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                       uint8_t out[16])
{
    uint32_t index;
    if (!hgr_metadata_cell(metadata, table, row, column, &index) || SCHEMA[table][column] != GUID ||
        index == 0 || index > metadata->guid_len / 16)
        return false;
    memcpy(out, metadata->bytes + metadata->guid_off + 16 * ((size_t)index - 1), 16);
    return true;
}

bool hgr_metadata_blob(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                       hgr_cursor *out)
{
    uint32_t off, bytes;
    if (!hgr_metadata_cell(metadata, table, row, column, &off) || SCHEMA[table][column] != BLOB ||
        off >= metadata->blob_len)
        return false;
    hgr_cursor c =
        hgr_cursor_make(metadata->bytes + metadata->blob_off + off, metadata->blob_len - off,
                        metadata->addr + metadata->blob_off + off, HGR_AT_ADDR);
    if (!hgr_metadata_compressed(&c, &bytes) || bytes > hgr_cursor_left(&c))
        return false;
    *out = hgr_cursor_make(c.bytes + c.pos, bytes, c.base + c.pos, HGR_AT_ADDR);
    return true;
}
