/* dump: module files for the pages that a minidump lacks.
 *
 * A minidump of private memory ("heap" dumps) has no page of an image that nobody wrote to: the
 * metadata of all managed modules is left out. ModuleList still says what was loaded: a file of the
 * folder that the user names, of the module's name, timestamp and size in memory, is the one. Of it
 * are taken the headers and the sections that are mapped read-only, except what the loader changes
 * there: relocated words and the import table. What the dump itself has always wins, and nothing
 * stands for bytes lost to truncation. Paths that the dump records are of Windows, so they are not
 * looked for. Format: Microsoft's PE/COFF specification, sections 3, 4 and 5.6. */
#include "modules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "../base/cursor.h"
#include "image.h"
#include "limits.h"

enum {
    MAGIC_PE32 = 0x10b,
    SECTION_BYTES = 40,
    SECTION_WRITE = 31, /* bit of its flags */
    DIRECTORY_RELOCATIONS = 5,
    DIRECTORY_IMPORTS = 12, /* the import address table */
    RELOCATION_BLOCK = 8,   /* page, bytes of the block */
    PAGE = 4096,
    WORD = 8
};

/** What a file says about itself; parts are relative to the base. */
struct pe_file {
    hgr_cursor cursor; /* the whole file */
    uint32_t header_bytes;
    uint64_t sections_off;
    uint16_t nsections;
    uint32_t relocations, relocations_bytes, imports, imports_bytes;
};

/** Bytes that are other in memory than in the file. */
struct holes {
    hgr_piece *pieces; /* ascending and disjoint once sorted */
    size_t count, capacity;
};

/* ---- the file ---- */

static bool read_directory(const struct pe_file *file, uint64_t directories, uint32_t count,
                           uint32_t index, uint32_t *out_rva, uint32_t *out_bytes)
{
    hgr_cursor c = file->cursor;
    *out_rva = *out_bytes = 0;
    return index >= count || (hgr_cursor_seek(&c, directories + 8u * (uint64_t)index) &&
                              hgr_cursor_u32(&c, out_rva) && hgr_cursor_u32(&c, out_bytes));
}

static bool read_headers(struct pe_file *file)
{
    hgr_cursor c = file->cursor;
    uint32_t pe_off, ndirectories;
    uint16_t optional_len, magic;
    if (!hgr_cursor_seek(&c, 0x3c) || !hgr_cursor_u32(&c, &pe_off) ||
        !hgr_cursor_seek(&c, (uint64_t)pe_off + 6) || !hgr_cursor_u16(&c, &file->nsections) ||
        !hgr_cursor_seek(&c, (uint64_t)pe_off + 20) || !hgr_cursor_u16(&c, &optional_len))
        return false;
    uint64_t optional = (uint64_t)pe_off + 24;
    if (!hgr_cursor_seek(&c, optional) || !hgr_cursor_u16(&c, &magic) ||
        !hgr_cursor_seek(&c, optional + 60) || !hgr_cursor_u32(&c, &file->header_bytes) ||
        !hgr_cursor_seek(&c, optional + (magic == MAGIC_PE32 ? 92 : 108)) ||
        !hgr_cursor_u32(&c, &ndirectories))
        return false;
    file->sections_off = optional + optional_len;
    uint64_t directories = c.pos;
    return read_directory(file, directories, ndirectories, DIRECTORY_RELOCATIONS,
                          &file->relocations, &file->relocations_bytes) &&
           read_directory(file, directories, ndirectories, DIRECTORY_IMPORTS, &file->imports,
                          &file->imports_bytes);
}

struct section {
    uint32_t rva, bytes, off; /* bytes: in the file and in memory */
    bool writable;
};

static bool read_section(const struct pe_file *file, uint16_t index, struct section *out)
{
    hgr_cursor c = file->cursor;
    uint32_t in_memory, in_file, flags;
    if (!hgr_cursor_seek(&c, file->sections_off + SECTION_BYTES * (uint64_t)index + 8) ||
        !hgr_cursor_u32(&c, &in_memory) || !hgr_cursor_u32(&c, &out->rva) ||
        !hgr_cursor_u32(&c, &in_file) || !hgr_cursor_u32(&c, &out->off) ||
        !hgr_cursor_skip(&c, 12) || !hgr_cursor_u32(&c, &flags))
        return false;
    out->bytes = in_file < in_memory ? in_file : in_memory;
    out->writable = flags >> SECTION_WRITE & 1;
    return true;
}

/* Where in the file an address relative to the base lies. */
static bool file_offset(const struct pe_file *file, uint32_t rva, uint64_t *out)
{
    struct section section;
    for (uint16_t i = 0; i < file->nsections && read_section(file, i, &section); i++)
        if (rva >= section.rva && rva - section.rva < section.bytes) {
            *out = (uint64_t)section.off + (rva - section.rva);
            return true;
        }
    return false;
}

/* ---- what the loader changes ---- */

static hgr_result add_hole(const hgr_run *run, struct holes *holes, uint64_t start, uint64_t end,
                           hgr_status *status)
{
    hgr_result result = hgr_grow(run, &holes->pieces, &holes->capacity, holes->count + 1,
                                 HGR_MAX_IMAGE_HOLES, sizeof *holes->pieces, "relocations", status);
    if (result == HGR_OK)
        holes->pieces[holes->count++] = (hgr_piece){start, end};
    return result;
}

/* One block: the relocated words of one page, from the first to the last. */
static hgr_result add_block(const hgr_run *run, struct holes *holes, uint32_t page,
                            hgr_cursor block, hgr_status *status)
{
    uint16_t entry, first = PAGE, last = 0;
    bool any = false;
    while (hgr_cursor_u16(&block, &entry)) {
        uint16_t off = entry & (PAGE - 1);
        if (entry >> 12 == 0)
            continue; /* padding */
        first = off < first ? off : first;
        last = off > last ? off : last;
        any = true;
    }
    return any ? add_hole(run, holes, (uint64_t)page + first, (uint64_t)page + last + WORD, status)
               : HGR_OK;
}

static hgr_result find_holes(const struct pe_file *file, const hgr_run *run, struct holes *holes,
                             hgr_status *status)
{
    uint64_t off;
    hgr_cursor c = file->cursor;
    hgr_result result = HGR_OK;
    if (file->imports_bytes)
        result = add_hole(run, holes, file->imports, (uint64_t)file->imports + file->imports_bytes,
                          status);
    if (!file->relocations_bytes || !file_offset(file, file->relocations, &off) ||
        !hgr_cursor_seek(&c, off))
        return result;
    uint64_t left = file->relocations_bytes;
    uint32_t page, bytes;
    while (result == HGR_OK && left >= RELOCATION_BLOCK && hgr_cursor_u32(&c, &page) &&
           hgr_cursor_u32(&c, &bytes) && bytes >= RELOCATION_BLOCK && bytes <= left) {
        const uint8_t *entries;
        if (!hgr_cursor_take(&c, bytes - RELOCATION_BLOCK, &entries))
            break;
        result =
            add_block(run, holes, page,
                      hgr_cursor_make(entries, bytes - RELOCATION_BLOCK, 0, HGR_AT_FILE), status);
        left -= bytes;
    }
    return result;
}

static int by_start(const void *left, const void *right)
{
    const hgr_piece *a = left, *b = right;
    return a->start == b->start ? 0 : a->start < b->start ? -1 : 1;
}

/* ---- adding ---- */

struct adding {
    hgr_dump *dump;
    const hgr_module *module;
    struct pe_file file;
    struct holes holes;
    hgr_status *status;
};

static hgr_result add_range(const struct adding *adding, uint64_t rva, uint64_t end, uint64_t off)
{
    const hgr_module *module = adding->module;
    uint64_t start = module->base_addr + rva;
    end = end < module->size_bytes ? end : module->size_bytes;
    if (rva >= end || hgr_module_files_lost(adding->dump, start, module->base_addr + end))
        return HGR_OK;
    hgr_range range = {.start_addr = start,
                       .end_addr = module->base_addr + end,
                       .bytes = adding->file.cursor.bytes + off,
                       .access = HGR_ACCESS_READ,
                       .origin = HGR_ORIGIN_MODULE_FILE};
    return hgr_space_add(&adding->dump->space, &range, adding->status);
}

/* [rva, rva + len) of the image lies at off of the file; around the holes. */
static hgr_result add_part(const struct adding *adding, uint64_t rva, uint64_t len, uint64_t off)
{
    size_t file_len = adding->file.cursor.len;
    if (off >= file_len)
        return HGR_OK;
    uint64_t at = rva, end = rva + (len < file_len - off ? len : file_len - off);
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < adding->holes.count && at < end; i++) {
        const hgr_piece *hole = &adding->holes.pieces[i];
        if (hole->end <= at || hole->start >= end)
            continue;
        if (hole->start > at)
            result = add_range(adding, at, hole->start, off + (at - rva));
        at = hole->end;
    }
    return result == HGR_OK && at < end ? add_range(adding, at, end, off + (at - rva)) : result;
}

static hgr_result add_parts(struct adding *adding)
{
    struct section section;
    hgr_result result =
        find_holes(&adding->file, adding->dump->run, &adding->holes, adding->status);
    if (result != HGR_OK) /* more relocations than any library has: nothing of it is taken */
        return result == HGR_TOO_LARGE ? HGR_OK : result;
    if (adding->holes.count > 1)
        qsort(adding->holes.pieces, adding->holes.count, sizeof *adding->holes.pieces, by_start);
    result = add_part(adding, 0, adding->file.header_bytes, 0);
    for (uint16_t i = 0;
         result == HGR_OK && i < adding->file.nsections && read_section(&adding->file, i, &section);
         i++)
        if (!section.writable)
            result = add_part(adding, section.rva, section.bytes, section.off);
    return result;
}

/* ---- finding ---- */

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '\\');
    return slash ? slash + 1 : path;
}

/* Windows does not tell small letters from big ones; the folder may. */
static bool find_path(const char *folder, const char *name, char *out, size_t size)
{
    DIR *directory = opendir(folder);
    bool found = false;
    for (const struct dirent *entry; directory && !found && (entry = readdir(directory)) != NULL;)
        if (strcasecmp(entry->d_name, name) == 0) {
            int len = snprintf(out, size, "%s/%s", folder, entry->d_name);
            found = len > 0 && (size_t)len < size;
        }
    if (directory)
        closedir(directory);
    return found;
}

static hgr_result note_refusal(hgr_dump *dump, hgr_module *module, const char *path,
                               const hgr_image *image, hgr_status *status)
{
    char text[HGR_MAX_PATH_BYTES + 128];
    int len =
        snprintf(text, sizeof text, "%s has timestamp %08x and size %llu, expected %08x and %llu",
                 path, image->timestamp, (unsigned long long)image->size_bytes, module->timestamp,
                 (unsigned long long)module->size_bytes);
    module->file_note = hgr_arena_text(&dump->arena, text, (size_t)len, status);
    dump->info.module_files_refused++;
    return module->file_note ? HGR_OK : HGR_NO_MEMORY;
}

hgr_result hgr_module_file_add_pe(hgr_dump *dump, const hgr_module *module, const uint8_t *bytes,
                                  size_t len, hgr_status *status)
{
    struct adding adding = {.dump = dump, .module = module, .status = status};
    adding.file.cursor = hgr_cursor_make(bytes, len, 0, HGR_AT_FILE);
    hgr_result result = read_headers(&adding.file) ? add_parts(&adding) : HGR_OK;
    hgr_free(adding.holes.pieces);
    return result;
}

static hgr_result use_file(hgr_dump *dump, hgr_module *module, const char *path,
                           hgr_file_mapping mapping, hgr_status *status)
{
    module->file_path = hgr_arena_text(&dump->arena, path, strlen(path), status);
    if (!module->file_path)
        return HGR_NO_MEMORY;
    dump->info.module_files_used++;
    return hgr_module_file_add_pe(dump, module, mapping.bytes, mapping.len, status);
}

static hgr_result try_module(hgr_dump *dump, const char *folder, hgr_module *module,
                             hgr_status *status)
{
    char path[HGR_MAX_PATH_BYTES];
    hgr_file_mapping mapping;
    hgr_image image;
    if (!find_path(folder, file_name(module->path), path, sizeof path) ||
        !hgr_module_file_map(path, &mapping))
        return HGR_OK;
    hgr_image_read(&(hgr_image_source){.file = mapping.bytes, .file_len = mapping.len}, &image);
    bool same = image.kind == HGR_IMAGE_PE && image.timestamp &&
                image.timestamp == module->timestamp && image.size_bytes == module->size_bytes,
         kept = false;
    hgr_result result = same ? hgr_module_file_keep(dump, mapping, &kept, status)
                             : note_refusal(dump, module, path, &image, status);
    if (result == HGR_OK && kept)
        return use_file(dump, module, path, mapping, status);
    hgr_module_file_unmap(mapping);
    return result;
}

static bool lacks_bytes(const hgr_dump *dump, const hgr_module *module)
{
    return module->size_bytes <= HGR_MAX_IMAGE_BYTES &&
           hgr_space_present(&dump->space, module->base_addr, module->size_bytes) <
               module->size_bytes;
}

hgr_result hgr_module_files_pe_add(hgr_dump *dump, const hgr_dump_options *options,
                                   hgr_status *status)
{
    bool *lacking = NULL;
    if (!options->module_dir)
        return HGR_OK;
    hgr_result result =
        hgr_alloc(dump->run, dump->nmodules, sizeof *lacking, "module files", &lacking, status);
    for (size_t i = 0; result == HGR_OK && i < dump->nmodules; i++)
        lacking[i] = lacks_bytes(dump, &dump->modules[i]);
    for (size_t i = 0; result == HGR_OK && i < dump->nmodules; i++) /* not sealed from here on */
        if (lacking[i])
            result = try_module(dump, options->module_dir, &dump->modules[i], status);
    hgr_free(lacking);
    return result;
}
