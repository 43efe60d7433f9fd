/* Fixtures: the folder's list, opening, and answers as JSON or text, unpacked on the way. */
#include "fixture.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <cmocka.h>

static const char *fixtures_dir(void)
{
    const char *dir = getenv("HGR_FIXTURES");
    return dir && *dir ? dir : HGR_FIXTURES "/linux";
}

static size_t fixtures_min(void)
{
    const char *min = getenv("HGR_FIXTURES_MIN");
    return min && *min ? strtoul(min, NULL, 10) : HGR_FIXTURES_MIN;
}

static bool ends_with(const char *text, const char *end, size_t *out_stem)
{
    size_t len = strlen(text), tail = strlen(end);
    if (len <= tail || strcmp(text + len - tail, end) != 0)
        return false;
    *out_stem = len - tail;
    return true;
}

/* Plain dumps win over packed ones: a developer unpacks them once. */
static bool find_dump(const char *dir, const char *stem, struct fixture *out)
{
    static const char *const ends[] = {".dmp", ".core", ".dmp.zst", ".core.zst"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(out->dump_path, sizeof out->dump_path, "%s/%s%s", dir, stem, ends[i]);
        if (access(out->dump_path, R_OK) == 0)
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    const struct fixture *x = a, *y = b;
    return strcmp(x->name, y->name);
}

size_t fixture_list(struct fixture *out)
{
    size_t count = 0, stem;
    DIR *dir = opendir(fixtures_dir());
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir)) {
        if (!ends_with(entry->d_name, ".truth", &stem) || stem >= sizeof out->name)
            continue;
        struct fixture *fixture = &out[count];
        *fixture = (struct fixture){0};
        memcpy(fixture->name, entry->d_name, stem);
        snprintf(fixture->truth_dir, sizeof fixture->truth_dir, "%s/%s", fixtures_dir(),
                 entry->d_name);
        if (find_dump(fixtures_dir(), fixture->name, fixture) && ++count == FIXTURES_MAX)
            break;
    }
    if (dir)
        closedir(dir);
    qsort(out, count, sizeof *out, by_name);
    if (count < fixtures_min())
        fail_msg("%zu fixtures in %s, at least %zu expected", count, fixtures_dir(),
                 fixtures_min());
    if (count == 0)
        skip();
    return count;
}

static char *read_file(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long len = ftell(file);
    assert_true(len >= 0);
    rewind(file);
    char *bytes = malloc((size_t)len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)len, file), (size_t)len);
    bytes[len] = 0;
    fclose(file);
    *out_len = (size_t)len;
    return bytes;
}

/* The packed files may come from a pipe, without their size in the header: unpack as a stream. */
static char *unpack(const char *packed, size_t packed_len, size_t *out_len)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    assert_non_null(stream);
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, 27);
    ZSTD_inBuffer in = {packed, packed_len, 0};
    ZSTD_outBuffer out = {NULL, 0, 0};
    while (in.pos < in.size) {
        if (out.pos == out.size) {
            out.size = out.size ? out.size * 2 : 1u << 20;
            out.dst = realloc(out.dst, out.size + 1);
            assert_non_null(out.dst);
        }
        size_t left = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_isError(left))
            fail_msg("zstd: %s", ZSTD_getErrorName(left));
        if (left == 0 && in.pos == in.size)
            break;
    }
    ZSTD_freeDStream(stream);
    ((char *)out.dst)[out.pos] = 0;
    *out_len = out.pos;
    return out.dst;
}

bool fixture_has(const struct fixture *fixture, const char *file)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", fixture->truth_dir, file);
    if (access(path, R_OK) == 0)
        return true;
    snprintf(path, sizeof path, "%s/%s.zst", fixture->truth_dir, file);
    return access(path, R_OK) == 0;
}

char *fixture_text(const struct fixture *fixture, const char *file, size_t *out_len)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", fixture->truth_dir, file);
    char *text = read_file(path, out_len);
    if (text)
        return text;
    snprintf(path, sizeof path, "%s/%s.zst", fixture->truth_dir, file);
    size_t packed_len;
    char *packed = read_file(path, &packed_len);
    if (!packed)
        fail_msg("%s: no %s", fixture->name, file);
    text = unpack(packed, packed_len, out_len);
    free(packed);
    return text;
}

json_object *fixture_json(const struct fixture *fixture, const char *question)
{
    char file[96];
    size_t len;
    snprintf(file, sizeof file, "%s.json", question);
    char *text = fixture_text(fixture, file, &len);
    struct json_tokener *tokener = json_tokener_new();
    assert_non_null(tokener);
    json_object *root = json_tokener_parse_ex(tokener, text, (int)len + 1);
    if (json_tokener_get_error(tokener) != json_tokener_success)
        fail_msg("%s: %s: %s", fixture->name, file,
                 json_tokener_error_desc(json_tokener_get_error(tokener)));
    json_tokener_free(tokener);
    free(text);
    return root;
}

void fixture_open(const struct fixture *fixture, uint32_t threads,
                  const hgr_runtime_options *options, struct opened *out)
{
    hgr_status status = {0};
    *out = (struct opened){0};
    const char *temp = getenv("TMPDIR");
    hgr_dump_options dump_options = {.temp_dir = temp};
    assert_int_equal(hgr_run_create(threads, &out->run, &status), HGR_OK);
    hgr_run_set_check_level(out->run, 2);
    if (hgr_dump_open(fixture->dump_path, &dump_options, out->run, &out->dump, &status) != HGR_OK)
        fail_msg("%s: open: %s", fixture->name, status.text);
    if (hgr_runtime_open(out->dump, options, out->run, &out->runtime, &status) != HGR_OK)
        fail_msg("%s: runtime: %s", fixture->name, status.text);
}

void fixture_close(struct opened *opened)
{
    hgr_runtime_close(opened->runtime);
    hgr_dump_close(opened->dump);
    hgr_run_free(opened->run);
    *opened = (struct opened){0};
}

json_object *truth_get(json_object *object, const char *key)
{
    json_object *value = NULL;
    if (!json_object_object_get_ex(object, key, &value))
        fail_msg("the truth has no \"%s\"", key);
    return value;
}

uint64_t truth_value_u64(json_object *value)
{
    if (json_object_get_type(value) != json_type_string)
        return json_object_get_uint64(value);
    const char *text = json_object_get_string(value);
    return strtoull(text, NULL, strncmp(text, "0x", 2) == 0 ? 16 : 10);
}

uint64_t truth_u64(json_object *object, const char *key)
{
    return truth_value_u64(truth_get(object, key));
}

const char *truth_text(json_object *object, const char *key)
{
    return json_object_get_string(truth_get(object, key));
}
