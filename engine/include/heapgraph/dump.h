/* heapgraph: an opened memory dump: what the file is, its modules, threads and address space. */
#ifndef HEAPGRAPH_DUMP_H
#define HEAPGRAPH_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <heapgraph/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hgr_dump hgr_dump;

/** How to open a dump. Initialise with = {0}; every field may stay zero. */
typedef struct hgr_dump_options {
    const char *module_dir; /* where to look for module files whose pages the dump lacks, or NULL */
    const char *temp_dir;   /* where compressed input is unpacked; NULL = /tmp */
    bool no_module_files;   /* never open the files that the dump names */
} hgr_dump_options;

/**
 * One image (ELF or PE file) mapped into the dumped process. A file mapped twice, once flat and
 * once as an image, is two modules. Text and bytes valid until the dump is closed.
 */
typedef struct hgr_module {
    const char *path;        /* as recorded in the dump */
    uint64_t base_addr;      /* lowest mapped address */
    uint64_t size_bytes;     /* to the end of its last mapping */
    const uint8_t *build_id; /* GNU build id or PDB guid+age, or NULL */
    uint32_t build_id_len;
    uint32_t timestamp;    /* PE timestamp, 0 where the format has none */
    const char *file_path; /* file that gives the pages the dump lacks, or NULL */
    const char *file_note; /* why a file that was found is not used, or NULL */
    bool file_unproven;    /* that file may be the right one: the runtime's own records decide */
} hgr_module;

/** One operating system thread of the dumped process. */
typedef struct hgr_thread {
    uint32_t os_id;
    uint64_t ip, sp, fp;
    uint64_t registers[16]; /* x64: rax rcx rdx rbx rsp rbp rsi rdi r8..r15; x86: the first 8 */
    uint32_t nregisters;
    /* Below: 0 or NULL where the format does not say. */
    uint64_t teb_addr;                         /* Windows: thread environment block */
    uint64_t stack_start_addr, stack_end_addr; /* the part of the stack in use, half open */
    uint64_t cpu_time_ns;                      /* user and kernel */
    const char *name;                          /* the operating system's, UTF-8 */
} hgr_thread;

/** One range of target addresses whose bytes the dump (or a module file) holds. */
typedef struct hgr_range {
    uint64_t start_addr;
    uint64_t end_addr;    /* half open */
    const uint8_t *bytes; /* borrowed from the dump's mapping */
    uint32_t access;      /* HGR_ACCESS_... */
    uint32_t origin;      /* HGR_ORIGIN_... */
} hgr_range;

/** 0 = the format does not say; the bytes can be read all the same. */
enum { HGR_ACCESS_READ = 1, HGR_ACCESS_WRITE = 2, HGR_ACCESS_EXECUTE = 4 };
enum { HGR_ORIGIN_DUMP = 0, HGR_ORIGIN_MODULE_FILE = 1 };

/** One stretch of the process's address space as its operating system described it, with or without
 * bytes in the dump. */
typedef struct hgr_memory_area {
    uint64_t start_addr, end_addr; /* half open */
    uint64_t allocation_addr;      /* of the allocation it belongs to, 0 = unknown */
    uint32_t access;               /* HGR_ACCESS_... */
    uint8_t state;                 /* HGR_AREA_FREE, _RESERVED, _COMMITTED */
    uint8_t kind;                  /* HGR_AREA_UNKNOWN, _PRIVATE, _MAPPED, _IMAGE */
} hgr_memory_area;

enum { HGR_AREA_FREE = 0, HGR_AREA_RESERVED = 1, HGR_AREA_COMMITTED = 2 };
enum { HGR_AREA_UNKNOWN = 0, HGR_AREA_PRIVATE = 1, HGR_AREA_MAPPED = 2, HGR_AREA_IMAGE = 3 };

/** What a minidump's writer was asked for; others do not say. */
typedef enum hgr_content {
    HGR_CONTENT_UNKNOWN,
    HGR_CONTENT_STACKS,  /* MiniDumpNormal: stacks and modules, no heap */
    HGR_CONTENT_PRIVATE, /* memory of the process's own, no pages of files */
    HGR_CONTENT_FULL     /* everything */
} hgr_content;

/** What the file is. Text valid until the dump is closed. */
typedef struct hgr_dump_info {
    const char *path;
    const char *format;           /* "ELF core", "minidump" */
    const char *writer;           /* "createdump", "gcore", "kernel", or "unknown" */
    const char *compression;      /* "none", "zstd", "gzip", "zip" */
    const char *os;               /* "linux", "windows" */
    const char *cpu;              /* "x64", "x86", "arm64" */
    uint32_t pointer_size;        /* 8 or 4 */
    bool wow64;                   /* a 32-bit process in a file of 64-bit addresses */
    uint64_t file_bytes;          /* of the file as given */
    uint64_t image_bytes;         /* after unpacking */
    hgr_content content;
    bool packing_damaged;         /* compressed input is cut or damaged: the warnings say where */
    uint64_t missing_bytes;       /* promised by its headers but beyond the end of the file */
    uint64_t left_out_bytes;      /* mapped in the process but left out by the writer of the dump */
    uint32_t process_id;          /* 0 when unknown */
    uint32_t exception_thread_id; /* of the thread whose exception made the dump, 0 = none */
    uint32_t exception_code;      /* as the operating system numbers it */
    uint64_t exception_addr;      /* of the instruction */
    uint64_t taken_unix_s;        /* when the dump was taken, 0 = unknown */
    const char *os_version;       /* "10.0.18362", "" = unknown */
    const char *comment;          /* the writer's own words, "" = none */
    const char *process_name;     /* "" when unknown; the kernel keeps 15 bytes of it */
    uint32_t module_files_used;   /* files that give pages the dump lacks, verified against it */
    uint32_t module_files_refused;  /* found, but other than what was mapped, or not verifiable */
    uint32_t module_files_unproven; /* found, but only the runtime's own records can verify them */
    uint64_t module_file_bytes;     /* how much of the address space comes from them */
} hgr_dump_info;

/**
 * Open and map a dump. Reads headers and notes only: milliseconds for any size (compressed input is
 * unpacked once to a temporary file that has no name and is gone with the last use). Of a zip
 * archive with several dumps one is named like a path into it: "crashes.zip/w3wp.dmp".
 *
 * Values   Pages of modules that the dump lacks are taken from the module's file, from module_dir
 * or else the recorded path, when its build id (ELF) or timestamp and sizes (PE) equal those in the
 * dump; only from parts that are mapped read-only, and never for bytes lost to truncation. Errors
 * HGR_IO (cannot read; no space to unpack), HGR_BAD_DATA (not a dump, or contradicts itself),
 *          HGR_UNSUPPORTED (a dump nothing here reads), HGR_TRUNCATED (ends within its headers). A
 *          dump truncated later opens as far as it goes: see hgr_dump_info.missing_bytes.
 * Threads  an opened dump is read-only: share it freely. The file must not shrink while it is open.
 * Owner    caller frees with hgr_dump_close; run must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_dump_open(const char *path, const hgr_dump_options *options,
                                                const hgr_run *run, hgr_dump **out,
                                                hgr_status *status);
HGR_API void hgr_dump_close(hgr_dump *dump);

HGR_API const hgr_dump_info *hgr_dump_get_info(const hgr_dump *dump);

HGR_API size_t hgr_dump_modules(const hgr_dump *dump);
HGR_API const hgr_module *hgr_dump_module(const hgr_dump *dump, size_t index);
HGR_API size_t hgr_dump_threads(const hgr_dump *dump);
HGR_API const hgr_thread *hgr_dump_thread(const hgr_dump *dump, size_t index);
/** Ranges in ascending address order, not overlapping. */
HGR_API size_t hgr_dump_ranges(const hgr_dump *dump);
HGR_API const hgr_range *hgr_dump_range(const hgr_dump *dump, size_t index);

/** What the process had mapped, ascending and disjoint: the whole address space of a minidump with
 * MemoryInfoList, the segments of an ELF core (all committed, of unknown kind; its writer may have left some
 * out); none when the format does not describe it. */
HGR_API size_t hgr_dump_memory_areas(const hgr_dump *dump);
HGR_API const hgr_memory_area *hgr_dump_memory_area(const hgr_dump *dump, size_t index);

/** Copy len bytes at addr; false (buffer untouched) when any of them is absent. Never zero-fills.
 */
HGR_API bool hgr_dump_read(const hgr_dump *dump, uint64_t addr, void *buffer, size_t len);

/**
 * XXH3-64 of the first 1 MiB, the last 1 MiB and the size of the dump after unpacking: its identity
 * in output, the same however it is compressed.
 */
HGR_API uint64_t hgr_dump_fingerprint(const hgr_dump *dump);

/** What is odd about the file, one line each: damaged compression, overlaps, damaged notes. NULL
 * past the last. */
HGR_API const char *hgr_dump_warning(const hgr_dump *dump, size_t index);

#ifdef __cplusplus
}
#endif
#endif
