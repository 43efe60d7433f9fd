/* tools: the JSON of an earlier `diff --json` in place of a dump: its newest side, types and paths.
 *
 * The document is read whole (a few megabytes) by json-c; every number and every reference between
 * its rows is checked here or by hgr_diff_add_saved. */
#include "diff_answer.h"

#include <ctype.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BASELINE_BYTES_MAX ((size_t)1 << 30)
#define BASELINE_DEPTH     16

bool baseline_is(const char *path)
{
    FILE *file = fopen(path, "rb");
    int at = file ? getc(file) : EOF;
    while (at != EOF && isspace(at))
        at = getc(file);
    if (file)
        fclose(file);
    return at == '{';
}

/* Paths are a few hundred steps deep: HGR_DIFF_DEPTH_MAX of the engine, and two. */
#define PATH_DEPTH_MAX 1024

struct read_type {
    hgr_saved_type saved;
    uint64_t position, identity;
};

struct type_number {
    uint64_t identity;
    uint32_t number;
};

/* Texts are borrowed from the document. */
struct reader {
    char *why; /* BASELINE_WHY */
    json_object *document;
    hgr_saved_type *types;       /* ascending by name, module, position */
    struct type_number *numbers; /* ascending by identity */
    uint32_t ntypes;
    hgr_saved_path *paths;
    uint32_t npaths;
};

static int refuse(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int refuse(struct reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reader->why, BASELINE_WHY, format, args);
    va_end(args);
    return EXIT_INPUT;
}

static int parse(struct reader *reader, const char *text, size_t len)
{
    json_tokener *tokener = json_tokener_new_ex(BASELINE_DEPTH);
    enum json_tokener_error error = json_tokener_continue;
    if (tokener) {
        reader->document = json_tokener_parse_ex(tokener, text, (int)len); /* BASELINE_BYTES_MAX */
        error = json_tokener_get_error(tokener);
        json_tokener_free(tokener);
    }
    if (error != json_tokener_success || !json_object_is_type(reader->document, json_type_object))
        return refuse(reader, "not one JSON document: %s",
                      error == json_tokener_continue ? "it ends in the middle"
                                                     : json_tokener_error_desc(error));
    return EXIT_DONE;
}

/* ---- members ---- */

static json_object *get(json_object *object, const char *key, json_type type)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
        return NULL;
    return value;
}

static bool read_number(json_object *value, uint64_t *out)
{
    if (!json_object_is_type(value, json_type_int))
        return false;
    *out = json_object_get_uint64(value);
    return json_object_get_int64(value) >= 0 || *out > INT64_MAX;
}

/* The newest side of a series. */
static bool read_last(json_object *row, const char *key, uint64_t *out)
{
    json_object *series = get(row, key, json_type_array);
    size_t count = series ? json_object_array_length(series) : 0;
    return count > 0 && read_number(json_object_array_get_idx(series, count - 1), out);
}

static bool read_identity(json_object *row, const char *key, uint64_t *out)
{
    json_object *value = get(row, key, json_type_string);
    char *end;
    if (!value)
        return false;
    const char *text = json_object_get_string(value);
    *out = strtoull(text, &end, 16);
    return strncmp(text, "0x", 2) == 0 && *end == '\0';
}

/* ---- types ---- */

static bool read_type(json_object *row, struct read_type *out)
{
    json_object *name = get(row, "type", json_type_string);
    json_object *module = get(row, "module", json_type_string);
    json_object *position = get(row, "position", json_type_int);
    if (!name || !module || !position || !read_number(position, &out->position))
        return false;
    hgr_diff_amount *amount = &out->saved.amount;
    out->saved.name = json_object_get_string(name);
    out->saved.module = json_object_get_string(module);
    return read_identity(row, "identity", &out->identity) &&
           read_last(row, "count", &amount->count) && read_last(row, "bytes", &amount->bytes) &&
           read_last(row, "owned_bytes", &amount->owned_bytes) &&
           read_last(row, "retained_bytes", &amount->retained_bytes);
}

static int by_name(const void *left, const void *right)
{
    const struct read_type *a = left, *b = right;
    int order = strcmp(a->saved.name, b->saved.name);
    if (order == 0)
        order = strcmp(a->saved.module, b->saved.module);
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

static int by_identity(const void *left, const void *right)
{
    const struct type_number *a = left, *b = right;
    return (a->identity > b->identity) - (a->identity < b->identity);
}

static int read_types(struct reader *reader)
{
    json_object *array = get(reader->document, "types", json_type_array);
    size_t count = array ? json_object_array_length(array) : 0;
    struct read_type *rows = must_alloc(count + 1, sizeof *rows);
    bool good = true;
    size_t i = 0;
    for (; good && i < count; i++)
        good = read_type(json_object_array_get_idx(array, i), &rows[i]);
    if (good && count > 1)
        qsort(rows, count, sizeof *rows, by_name);
    reader->types = must_alloc(count + 1, sizeof *reader->types);
    reader->numbers = must_alloc(count + 1, sizeof *reader->numbers);
    reader->ntypes = good ? (uint32_t)count : 0; /* a document below 1 GiB */
    for (uint32_t t = 0; t < reader->ntypes; t++) {
        reader->types[t] = rows[t].saved;
        reader->numbers[t] = (struct type_number){rows[t].identity, t};
    }
    free(rows);
    if (reader->ntypes > 1)
        qsort(reader->numbers, reader->ntypes, sizeof *reader->numbers, by_identity);
    return good ? EXIT_DONE
                : refuse(reader, "types[%zu] lacks a member, or one is of another kind", i - 1);
}

/* ---- paths ---- */

static bool read_path_type(const struct reader *reader, json_object *row, uint32_t *out)
{
    struct type_number key = {0};
    json_object *type = NULL;
    *out = UINT32_MAX;
    if (!json_object_object_get_ex(row, "type", &type))
        return false;
    if (!type)
        return true; /* null: a root, or the end of a path that is too deep */
    if (!read_identity(row, "type", &key.identity))
        return false;
    const struct type_number *found =
        bsearch(&key, reader->numbers, reader->ntypes, sizeof key, by_identity);
    if (found)
        *out = found->number;
    return found != NULL;
}

/* Paths are in depth-first order: the one above is the last that is one step less deep. */
static bool read_path(struct reader *reader, json_object *row, uint32_t last_at[PATH_DEPTH_MAX])
{
    hgr_saved_path *path = &reader->paths[reader->npaths];
    json_object *name = get(row, "name", json_type_string), *field = NULL;
    json_object *depth_value = get(row, "depth", json_type_int);
    uint64_t depth;
    if (!name || !depth_value || !read_number(depth_value, &depth) || depth >= PATH_DEPTH_MAX ||
        (depth == 0) != (reader->npaths == 0) || (depth > 0 && last_at[depth - 1] == UINT32_MAX) ||
        !json_object_object_get_ex(row, "field", &field))
        return false;
    *path = (hgr_saved_path){.parent = depth ? last_at[depth - 1] : UINT32_MAX,
                             .name = json_object_get_string(name),
                             .field = field ? json_object_get_string(field) : NULL};
    last_at[depth] = reader->npaths;
    if (depth + 1 < PATH_DEPTH_MAX)
        last_at[depth + 1] = UINT32_MAX;
    return read_path_type(reader, row, &path->type) &&
           read_last(row, "own_count", &path->own_count) &&
           read_last(row, "own_bytes", &path->own_bytes);
}

static int read_paths(struct reader *reader)
{
    uint32_t last_at[PATH_DEPTH_MAX];
    json_object *array = get(reader->document, "paths", json_type_array);
    size_t count = array ? json_object_array_length(array) : 0;
    reader->paths = must_alloc(count + 1, sizeof *reader->paths);
    for (size_t d = 0; d < PATH_DEPTH_MAX; d++)
        last_at[d] = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!read_path(reader, json_object_array_get_idx(array, i), last_at))
            return refuse(reader, "paths[%zu] lacks a member, or stands in a wrong place", i);
        reader->npaths++;
    }
    return count ? EXIT_DONE : refuse(reader, "it has no paths");
}

/* ---- the dump it was made of ---- */

static int read_dump(struct reader *reader, diff_dump *out)
{
    json_object *schema = get(reader->document, "schema", json_type_string), *version = NULL;
    json_object *complete = get(reader->document, "complete", json_type_boolean);
    json_object *dumps = get(reader->document, "dumps", json_type_array);
    size_t count = dumps ? json_object_array_length(dumps) : 0;
    uint64_t number = 0;
    if (!schema || strcmp(json_object_get_string(schema), "heapgraph.diff") != 0)
        return refuse(reader, "its schema is not heapgraph.diff");
    version = get(reader->document, "schema_version", json_type_int);
    if (!version || !read_number(version, &number) || number != 1)
        return refuse(reader, "its schema_version is not 1");
    if (!complete || !json_object_get_boolean(complete))
        return refuse(reader,
                      "it is not complete: write it with --json and without --top or --set");
    json_object *dump = count ? json_object_array_get_idx(dumps, count - 1) : NULL;
    json_object *coverage = dump ? get(dump, "coverage_percent", json_type_double) : NULL;
    if (dump && !coverage)
        coverage = get(dump, "coverage_percent", json_type_int);
    double percent = coverage ? json_object_get_double(coverage) : 100;
    if (!(percent >= 0 && percent <= 100))
        return refuse(reader, "its coverage_percent is not from 0 to 100");
    *out = (diff_dump){.saved = true, .used_bytes = 1000000};
    out->walked_bytes = (uint64_t)(percent * 10000);
    if (!dump || !read_identity(dump, "xxh3", &out->fingerprint))
        return refuse(reader, "it names no dump");
    json_object *bytes = get(dump, "bytes", json_type_int);
    json_object *process = get(dump, "process_id", json_type_int);
    if (bytes && read_number(bytes, &number))
        out->file_bytes = number;
    if (process && read_number(process, &number) && number <= UINT32_MAX)
        out->process_id = (uint32_t)number;
    return EXIT_DONE;
}

int baseline_read(const char *text, size_t len, hgr_diff *diff, const hgr_run *run, diff_dump *out,
                  char why[BASELINE_WHY])
{
    hgr_status status = {0};
    struct reader reader = {.why = why};
    int code =
        len <= BASELINE_BYTES_MAX ? parse(&reader, text, len) : refuse(&reader, "it is over 1 GiB");
    if (code == EXIT_DONE)
        code = read_dump(&reader, out);
    if (code == EXIT_DONE)
        code = read_types(&reader);
    if (code == EXIT_DONE)
        code = read_paths(&reader);
    if (code == EXIT_DONE && hgr_diff_add_saved(diff, reader.types, reader.ntypes, reader.paths,
                                                reader.npaths, run, &status) != HGR_OK)
        code = refuse(&reader, "%s", status.text);
    free(reader.paths);
    free(reader.numbers);
    free(reader.types);
    json_object_put(reader.document);
    return code;
}

/* The whole file, or NULL. */
static char *load(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size = -1;
    if (file && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    if (size >= 0 && (uint64_t)size <= BASELINE_BYTES_MAX) {
        text = must_alloc((size_t)size + 1, 1);
        rewind(file);
        *out_len = fread(text, 1, (size_t)size, file);
    }
    if (file)
        fclose(file);
    return text;
}

int baseline_add(diff_answer *answer, uint32_t side, tool_session *session)
{
    char why[BASELINE_WHY] = "it cannot be read, or is over 1 GiB";
    size_t len = 0;
    char *text = load(session->dump_path, &len);
    int code = EXIT_INPUT;
    if (text)
        code = baseline_read(text, len, answer->diff, answer->run, &answer->dumps[side], why);
    answer->dumps[side].path = session->dump_path;
    free(text);
    return code == EXIT_DONE
               ? EXIT_DONE
               : session_refuse(session, "%s: no baseline: %s", session->dump_path, why);
}
