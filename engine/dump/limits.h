/* dump: every maximum on a number read from a file, with its reason. More is HGR_TOO_LARGE or a
 * warning. */
#ifndef HGR_DUMP_LIMITS_H
#define HGR_DUMP_LIMITS_H

/** Program headers of a core: 256 times the kernel's default number of mappings of one process
 * (65,530). */
#define HGR_MAX_PROGRAM_HEADERS (1u << 24)
/** Pieces of the sealed address space: two for each program header or mapped file. */
#define HGR_MAX_RANGES (1u << 26)
/** Threads: the kernel's largest process id (PID_MAX_LIMIT). */
#define HGR_MAX_THREADS (1u << 22)
/** Notes: eight for each possible thread. */
#define HGR_MAX_NOTES (8u * HGR_MAX_THREADS)
/** Lines of NT_FILE: 64 times the kernel's default number of mappings. */
#define HGR_MAX_FILE_RANGES (1u << 22)
/** Entries of the auxiliary vector: the kernel writes about 20. */
#define HGR_MAX_AUXV 64u
/** Bytes of one path in NT_FILE: the kernel's PATH_MAX and " (deleted)". */
#define HGR_MAX_PATH_BYTES 4352u
/** Program headers or sections of one module: linkers make about 10, single-file programs 30. */
#define HGR_MAX_IMAGE_PARTS 256u
/** Bytes of a module's notes looked through for its build id. */
#define HGR_MAX_IMAGE_NOTE_BYTES 4096u
/** Bytes of a build id: SHA-1 has 20, the longest in use 32. */
#define HGR_MAX_BUILD_ID_BYTES 64u
/** Pages of an image with relocated words: one for each page of the largest library known, 128 MB.
 */
#define HGR_MAX_IMAGE_HOLES (1u << 15)
/** Size of one module in memory: beyond it the header is not believed. */
#define HGR_MAX_IMAGE_BYTES (UINT64_C(1) << 36)
/** Between two mappings of one file, when its header is absent: more of a gap starts another image.
 */
#define HGR_MAX_IMAGE_GAP_BYTES (UINT64_C(4) << 20)
/** Module files mapped for pages the dump lacks: a quarter of the kernel's default number of
 * mappings. */
#define HGR_MAX_MODULE_FILES 16384u
/** Warnings kept as text; all are counted. */
#define HGR_MAX_WARNINGS 64u
/** Unpacked size of compressed input: 16 TiB, the largest file of common file systems. */
#define HGR_MAX_UNPACKED_BYTES (UINT64_C(1) << 44)
/** Bytes that one deflated byte can become: two bits for a match of 258. */
#define HGR_DEFLATE_MOST 1032u
/** The same for zstd: a block of 128 KiB from its header and one byte. */
#define HGR_ZSTD_MOST 32768u
/** Streams of a minidump: Windows writes about 15, a tool may add its own. */
#define HGR_MAX_MINIDUMP_STREAMS 4096u
/** Ranges or areas listed in a minidump: one for each page of 64 GiB. */
#define HGR_MAX_MINIDUMP_RANGES (1u << 24)
/** Modules of a minidump: the largest servers load some thousand assemblies. */
#define HGR_MAX_MINIDUMP_MODULES (1u << 16)
/** UTF-16 units of one text in a minidump: the longest path of Windows. */
#define HGR_MAX_MINIDUMP_TEXT_UNITS 32767u
/** UTF-16 units of all texts of a minidump: 64 for each possible module; texts may share their
 * bytes in the file. */
#define HGR_MAX_MINIDUMP_TEXT (64u * HGR_MAX_MINIDUMP_MODULES)
/** Files in a zip archive that are looked into for a dump. */
#define HGR_MAX_ZIP_ENTRIES (1u << 16)
/** zstd --long=31 is the most its own tool offers. */
#define HGR_MAX_ZSTD_WINDOW_LOG 31

#endif
