/* clr: reader of ECMA-335 metadata (II.22 to II.24): where it lies in an image, its tables, strings
 * and blobs.
 *
 * A parsed hgr_metadata is a plain value that borrows the bytes it was made from. Every access
 * checks its row, its offset and the end of the bytes: a lying table answers false, nothing else.
 */
#ifndef HGR_CLR_METADATA_H
#define HGR_CLR_METADATA_H

#include "../base/cursor.h"
#include "../dump/space.h"

/* Tables that something here asks for. */
enum {
    HGR_TABLE_MODULE = 0x00,
    HGR_TABLE_TYPE_REF = 0x01,
    HGR_TABLE_TYPE_DEF = 0x02,
    HGR_TABLE_FIELD = 0x04,
    HGR_TABLE_METHOD = 0x06,
    HGR_TABLE_PARAM = 0x08,
    HGR_TABLE_MEMBER_REF = 0x0a,
    HGR_TABLE_CONSTANT = 0x0b,
    HGR_TABLE_CUSTOM_ATTRIBUTE = 0x0c,
    HGR_TABLE_MODULE_REF = 0x1a,
    HGR_TABLE_TYPE_SPEC = 0x1b,
    HGR_TABLE_ASSEMBLY = 0x20,
    HGR_TABLE_ASSEMBLY_REF = 0x23,
    HGR_TABLE_FILE = 0x26,
    HGR_TABLE_EXPORTED_TYPE = 0x27,
    HGR_TABLE_NESTED_CLASS = 0x29,
    HGR_TABLE_GENERIC_PARAM = 0x2a,
    HGR_METADATA_TABLES = 0x2d
};

/* Columns, counted from 0 in the order of II.22. */
enum {
    HGR_MODULE_NAME = 1,
    HGR_MODULE_MVID = 2,
    HGR_TYPE_REF_SCOPE = 0,
    HGR_TYPE_REF_NAME = 1,
    HGR_TYPE_REF_NAMESPACE = 2,
    HGR_TYPE_DEF_FLAGS = 0,
    HGR_TYPE_DEF_NAME = 1,
    HGR_TYPE_DEF_NAMESPACE = 2,
    HGR_TYPE_DEF_EXTENDS = 3,
    HGR_TYPE_DEF_FIELDS = 4,
    HGR_TYPE_DEF_METHODS = 5,
    HGR_MEMBER_REF_CLASS = 0,
    HGR_CUSTOM_ATTRIBUTE_PARENT = 0,
    HGR_CUSTOM_ATTRIBUTE_TYPE = 1,
    HGR_CONSTANT_TYPE = 0,
    HGR_CONSTANT_PARENT = 1,
    HGR_CONSTANT_VALUE = 2,
    HGR_FIELD_FLAGS = 0,
    HGR_FIELD_NAME = 1,
    HGR_FIELD_SIGNATURE = 2,
    HGR_METHOD_FLAGS = 2,
    HGR_METHOD_NAME = 3,
    HGR_METHOD_SIGNATURE = 4,
    HGR_METHOD_PARAMS = 5,
    HGR_PARAM_SEQUENCE = 1,
    HGR_PARAM_NAME = 2,
    HGR_TYPE_SPEC_SIGNATURE = 0,
    HGR_ASSEMBLY_VERSION = 1, /* major, minor, build, revision */
    HGR_ASSEMBLY_NAME = 7,
    HGR_ASSEMBLY_REF_NAME = 6,
    HGR_EXPORTED_TYPE_NAME = 2,
    HGR_EXPORTED_TYPE_NAMESPACE = 3,
    HGR_EXPORTED_TYPE_IMPLEMENTATION = 4,
    HGR_NESTED_CLASS_NESTED = 0,
    HGR_NESTED_CLASS_ENCLOSING = 1,
    HGR_GENERIC_PARAM_NAME = 3,
    HGR_METADATA_COLUMNS = 9
};

#define HGR_METADATA_MAX_BYTES                                                                     \
    (512u << 20) /* one module's metadata; the largest known are some 40 MiB */
#define HGR_METADATA_MAX_ROWS 0xffffffu /* a row number is 24 bits of a token */
#define HGR_METADATA_MAX_NAME 4096u     /* one identifier; ECMA-335 allows 1023 bytes */

typedef struct hgr_metadata {
    const uint8_t *bytes; /* from the root ("BSJB") on; borrowed */
    size_t len;
    uint64_t addr;                   /* of bytes[0] in the target */
    size_t strings_off, strings_len; /* #Strings */
    size_t blob_off, blob_len;       /* #Blob */
    size_t guid_off, guid_len;       /* #GUID */
    uint32_t rows[HGR_METADATA_TABLES];
    size_t table_off[HGR_METADATA_TABLES];
    uint32_t row_bytes[HGR_METADATA_TABLES];
    uint8_t column_off[HGR_METADATA_TABLES][HGR_METADATA_COLUMNS + 1];
} hgr_metadata;

/**
 * Read the root, the stream headers and the row counts of metadata.
 *
 * Values   rows that lie beyond the end of the bytes are not counted.
 * Cost     about a microsecond, no allocation.
 * Errors   HGR_BAD_DATA (no root, no tables stream, row counts over their limit), HGR_TRUNCATED.
 * Owner    out borrows bytes.
 */
HGR_MUST_CHECK hgr_result hgr_metadata_parse(const uint8_t *bytes, size_t len, uint64_t addr,
                                             hgr_metadata *out, hgr_status *status);

/** One cell as it is stored; false when row or column does not exist. Rows count from 1. */
bool hgr_metadata_cell(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                       uint32_t *out);
/** A coded index (II.24.2.6): the table and row that the cell names; row 0 = none. */
bool hgr_metadata_coded(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                        uint32_t *out_table, uint32_t *out_row);
/** The terminated string a cell names; borrowed from the bytes. */
bool hgr_metadata_string(const hgr_metadata *metadata, uint32_t table, uint32_t row,
                         uint32_t column, const char **out, size_t *out_len);
/** The blob a cell names, as a cursor over its content. */
bool hgr_metadata_blob(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                       hgr_cursor *out);
/** The 16 bytes of the GUID a cell names; false when it names none. */
bool hgr_metadata_guid(const hgr_metadata *metadata, uint32_t table, uint32_t row, uint32_t column,
                       uint8_t out[16]);
/** A compressed unsigned integer (II.23.2). */
bool hgr_metadata_compressed(hgr_cursor *c, uint32_t *out);
/** A compressed TypeDefOrRefOrSpec (II.23.2.8) of a signature. */
bool hgr_metadata_type_token(hgr_cursor *c, uint32_t *out_table, uint32_t *out_row);

/** Where an image keeps its metadata. */
typedef struct hgr_metadata_place {
    uint64_t addr;
    uint32_t bytes;
    bool flat; /* the image is mapped as the file lies on disk */
} hgr_metadata_place;

/**
 * Find the metadata of the PE image at base_addr: section layout or file layout, whichever leads to
 * a COR20 header and a metadata root.
 *
 * Errors   HGR_NOT_FOUND (no managed image there, or its headers are not in the dump).
 */
HGR_MUST_CHECK hgr_result hgr_metadata_locate(const hgr_space *space, uint64_t base_addr,
                                              hgr_metadata_place *out, hgr_status *status);
/** The address of an RVA of that image, in the layout in which it is mapped; false without headers.
 */
bool hgr_metadata_rva(const hgr_space *space, uint64_t base_addr, uint32_t rva, uint64_t *out_addr);

#endif
