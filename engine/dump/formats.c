/* dump: recognises files by their first bytes: compressed ones that unpack.c reads, and names for
 * those that nothing here reads, so that the user learns what he holds rather than what it is not.
 */
#include "formats.h"

#include <string.h>

#include "../base/status.h"

struct magic {
    const char *bytes;
    size_t len;
    hgr_result code;
    const char *what;
};

#define MAGIC(text) text, sizeof text - 1
static const struct magic magics[] = {
    {MAGIC("PAGEDU64"), HGR_UNSUPPORTED, "a Windows kernel dump, not the dump of a process"},
    {MAGIC("PAGEDUMP"), HGR_UNSUPPORTED, "a Windows kernel dump, not the dump of a process"},
    {MAGIC("\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0\x04\0\0\0"), HGR_UNSUPPORTED,
     "a Mach-O core of an arm64 process (macOS); only ELF cores and Windows minidumps are read"},
    {MAGIC("\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x04\0\0\0"), HGR_UNSUPPORTED,
     "a Mach-O core of an x64 process (macOS); only ELF cores and Windows minidumps are read"},
    {MAGIC("\xcf\xfa\xed\xfe"), HGR_UNSUPPORTED,
     "a Mach-O file (macOS); only ELF cores and Windows minidumps are read"},
    {MAGIC("\xce\xfa\xed\xfe"), HGR_UNSUPPORTED,
     "a Mach-O file (macOS); only ELF cores and Windows minidumps are read"},
    {MAGIC("\xfe\xed\xfa\xcf"), HGR_UNSUPPORTED,
     "a Mach-O file (macOS); only ELF cores and Windows minidumps are read"},
    {MAGIC("\xfe\xed\xfa\xce"), HGR_UNSUPPORTED,
     "a Mach-O file (macOS); only ELF cores and Windows minidumps are read"},
    {MAGIC("\xca\xfe\xba\xbe"), HGR_UNSUPPORTED, "a Mach-O universal or a Java class file"},
    {MAGIC("7z\xbc\xaf\x27\x1c"), HGR_UNSUPPORTED, "a 7z archive; expected the dump inside it"},
    {MAGIC("Rar!\x1a\x07"), HGR_UNSUPPORTED, "a rar archive; expected the dump inside it"},
    {MAGIC("MSCF"), HGR_UNSUPPORTED, "a cabinet archive; expected the dump inside it"},
    {MAGIC("\xfd"
           "7zXZ"),
     HGR_UNSUPPORTED, "xz compressed; zstd, gzip and zip are read"},
    {MAGIC("BZh"), HGR_UNSUPPORTED, "bzip2 compressed; zstd, gzip and zip are read"},
    {MAGIC("\x04\x22\x4d\x18"), HGR_UNSUPPORTED, "lz4 compressed; zstd, gzip and zip are read"},
    {MAGIC("!<arch>\n"), HGR_UNSUPPORTED, "an ar archive or static library, not a dump"},
    {MAGIC("Nettrace"), HGR_UNSUPPORTED, "a .NET event trace (nettrace), not a memory dump"},
    {MAGIC("\x14\0\0\0!FastSerialization"), HGR_UNSUPPORTED,
     "a gcdump or trace, not a memory dump"},
    {MAGIC("JAVA PROFILE"), HGR_UNSUPPORTED, "a Java heap dump (hprof)"},
    {MAGIC("MZ"), HGR_UNSUPPORTED, "a Windows program or library, not a dump"},
};

hgr_packing hgr_packing_of(const uint8_t *bytes, size_t len)
{
    if (len >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0)
        return HGR_PACKED_ZSTD;
    /* pzstd and seekable files begin with a skippable frame: any of 16 magic numbers. */
    if (len >= 4 && (bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
        return HGR_PACKED_ZSTD;
    if (len >= 3 && memcmp(bytes, "\x1f\x8b\x08", 3) == 0)
        return HGR_PACKED_GZIP;
    return HGR_PACKED_NOT;
}

static bool is_all(const uint8_t *bytes, size_t len, bool (*test)(uint8_t))
{
    for (size_t i = 0; i < len; i++)
        if (!test(bytes[i]))
            return false;
    return true;
}

static bool is_zero(uint8_t byte)
{
    return byte == 0;
}

static bool is_text(uint8_t byte)
{
    return byte >= 0x20 ? byte != 0x7f : byte == '\n' || byte == '\r' || byte == '\t';
}

hgr_result hgr_format_refuse(const uint8_t *bytes, size_t len, hgr_status *status)
{
    if (len == 0)
        return hgr_fail_file(status, HGR_BAD_DATA, 0,
                             "empty file (0 bytes), expected a memory dump; still being written?");
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if (len >= magics[i].len && memcmp(bytes, magics[i].bytes, magics[i].len) == 0)
            return hgr_fail_file(status, magics[i].code, 0, "%s", magics[i].what);
    size_t shown = len < 512 ? len : 512;
    if (is_all(bytes, shown, is_zero))
        return hgr_fail_file(
            status, HGR_BAD_DATA, 0,
            "begins with %zu zero bytes, expected a memory dump; still being written?", shown);
    if (len < 4)
        return hgr_fail_file(status, HGR_BAD_DATA, 0, "%zu bytes, expected a memory dump", len);
    if (is_all(bytes, shown, is_text))
        return hgr_fail_file(status, HGR_BAD_DATA, 0, "a text file, expected a memory dump");
    return hgr_fail_file(status, HGR_BAD_DATA, 0,
                         "begins with %02x %02x %02x %02x, expected an ELF core (7f 45 4c 46) or a "
                         "minidump (4d 44 4d 50)",
                         bytes[0], bytes[1], bytes[2], bytes[3]);
}
