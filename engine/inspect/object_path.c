/* inspect: path expressions: names and indices that lead from an object or a static to a value.
 *
 * Input: text, and where it starts. Output: the value there. Method: step by step, each parsed when
 * it is taken, so that an error names the step at which the path ends. */
#include "inspector.h"

#include <stdlib.h>

#include "../base/status.h"
#include "collections.h"

#define MAX_POINTS  64u
#define NAME_BYTES  1024u /* ECMA-335 allows 1023 */
#define MAX_INDICES 32u   /* the runtime's limit on dimensions */

/* One step: what stands between points and brackets. */
typedef struct path_step {
    const char *text;
    size_t len;
    bool is_index;
} path_step;

/* A path being followed. */
typedef struct follower {
    hgr_inspector *inspector;
    const char *path, *at; /* at: behind the last step */
    hgr_status *status;
} follower;

/* The end of a name: a point or bracket outside < >. */
static const char *name_end(const char *at)
{
    uint32_t open = 0;
    for (; *at; at++) {
        open += *at == '<';
        open -= *at == '>' && open > 0;
        if (open == 0 && (*at == '.' || *at == '['))
            break;
    }
    return at;
}

/* The end of what stands in brackets; NULL when they are not closed. */
static const char *index_end(const char *at)
{
    char quote = 0;
    for (; *at; at++) {
        if (quote && *at == '\\' && at[1])
            at++;
        else if (quote)
            quote = *at == quote ? 0 : quote;
        else if (*at == '"' || *at == '\'')
            quote = *at;
        else if (*at == ']')
            return at;
    }
    return NULL;
}

static hgr_result next_step(follower *f, path_step *out)
{
    const char *at = f->at, *end;
    if (*at == '.' || at == f->path)
        at += *at == '.';
    else if (*at != '[')
        return hgr_fail(f->status, HGR_BAD_ARGUMENT, "'%.80s': a point or '[' is missing", at);
    if (*at == '[') {
        end = index_end(at + 1);
        if (!end || end == at + 1)
            return hgr_fail(f->status, HGR_BAD_ARGUMENT, "'%.80s': %s", at,
                            end ? "nothing in brackets" : "']' is missing");
        *out = (path_step){at + 1, (size_t)(end - at - 1), true};
        f->at = end + 1;
        return HGR_OK;
    }
    end = name_end(at);
    if (end == at)
        return hgr_fail(f->status, HGR_BAD_ARGUMENT, "'%.80s': a name is missing", f->at);
    *out = (path_step){at, (size_t)(end - at), false};
    f->at = end;
    return HGR_OK;
}

/* ---- indices ---- */

static bool parse_indices(const path_step *step, int64_t out[MAX_INDICES], uint32_t *out_count)
{
    char text[256], *end = text;
    if (step->len >= sizeof text)
        return false;
    memcpy(text, step->text, step->len);
    text[step->len] = '\0';
    for (*out_count = 0; *out_count < MAX_INDICES; end++) {
        const char *from = end;
        out[(*out_count)++] = strtoll(from, &end, 0);
        if (end == from)
            return false;
        if (*end == '\0')
            return true;
        if (*end != ',')
            return false;
    }
    return false;
}

static hgr_result take_element(follower *f, const path_step *step, const hgr_object *array,
                               hgr_value *out)
{
    uint32_t lengths[MAX_INDICES], count = 0;
    int32_t bounds[MAX_INDICES];
    int64_t indices[MAX_INDICES];
    uint32_t rank = hgr_array_shape(f->inspector, array, lengths, bounds);
    uint64_t position = 0;
    if (!parse_indices(step, indices, &count) || count != rank)
        return hgr_fail(f->status, HGR_NOT_FOUND, "an array of %u dimensions needs as many numbers",
                        rank);
    for (uint32_t i = 0; i < rank; i++) {
        int64_t index = indices[i] - bounds[i];
        if (index < 0 || index >= lengths[i])
            return hgr_fail(f->status, HGR_NOT_FOUND, "index %lld is not within %lld..%lld",
                            (long long)indices[i], (long long)bounds[i],
                            (long long)bounds[i] + lengths[i] - 1);
        position = position * lengths[i] + (uint64_t)index; /* wraps: then beyond the length */
    }
    *out = hgr_array_element(f->inspector, array, position);
    return HGR_OK;
}

/* ---- items of collections ---- */

struct search {
    hgr_inspector *inspector;
    char key[HGR_PATH_MAX];
    bool by_key, is_text;
    uint64_t position;
    hgr_value found;
    bool is_found;
};

/* The text between quotes, its escapes undone; what has no quotes stays as it is. */
static void set_key(struct search *search, const path_step *step)
{
    char quote = step->text[0];
    size_t used = 0, end = step->len;
    search->is_text = (quote == '"' || quote == '\'') && end >= 2 && step->text[end - 1] == quote;
    end -= search->is_text;
    for (size_t i = search->is_text; i < end; i++) { /* end < HGR_PATH_MAX */
        if (search->is_text && step->text[i] == '\\' && i + 1 < end)
            i++;
        search->key[used++] = step->text[i];
    }
    search->key[used] = '\0';
}

static bool is_key(struct search *search, const hgr_value *key)
{
    char text[HGR_PATH_MAX];
    hgr_object object;
    if (search->is_text) {
        if (key->element == HGR_IS_REFERENCE &&
            hgr_inspect_object(search->inspector, key->bits, &object, NULL) == HGR_OK &&
            object.type->kind == HGR_TYPE_STRING)
            return hgr_string_text(search->inspector, &object, 0, sizeof text, text, sizeof text) <
                       sizeof text &&
                   strcmp(text, search->key) == 0;
        size_t len = hgr_value_text(search->inspector, key, sizeof text, text, sizeof text);
        return len > 2 && len < sizeof text && text[0] == '\'' && strlen(search->key) == len - 2 &&
               memcmp(text + 1, search->key, len - 2) == 0;
    }
    if (hgr_value_text(search->inspector, key, sizeof text, text, sizeof text) == 0 &&
        key->element == HGR_IS_REFERENCE)
        return strtoull(search->key, NULL, 16) == key->bits;
    return strcmp(text, search->key) == 0;
}

static bool look(void *user, const hgr_item *item)
{
    struct search *search = user;
    bool found = search->by_key ? item->key.element != HGR_IS_UNKNOWN && is_key(search, &item->key)
                                : item->index == search->position;
    if (found) {
        search->found = item->value;
        search->is_found = true;
    }
    return !found;
}

static hgr_result take_item(follower *f, const path_step *step, const hgr_value *from,
                            const hgr_collection *collection, hgr_value *out)
{
    struct search search;
    int64_t indices[MAX_INDICES];
    uint32_t count = 0;
    search.inspector = f->inspector;
    search.by_key = search.is_found = false;
    search.position = 0;
    if (collection->has_keys) {
        search.by_key = true;
        set_key(&search, step);
    } else if (!parse_indices(step, indices, &count) || count != 1 || indices[0] < 0) {
        return hgr_fail(f->status, HGR_NOT_FOUND, "a %s needs a number from 0 on",
                        collection->what);
    } else {
        search.position = (uint64_t)indices[0];
    }
    hgr_result result = hgr_collection_visit_from(
        f->inspector, from, search.by_key ? 0 : search.position, look, &search, f->status);
    if (search.is_found) {
        *out = search.found;
        return HGR_OK;
    }
    if (result != HGR_OK)
        return result;
    if (collection->count == UINT64_MAX)
        return hgr_fail(f->status, HGR_NOT_FOUND, "the %s has no such %s", collection->what,
                        collection->has_keys ? "key" : "index");
    return hgr_fail(f->status, HGR_NOT_FOUND, "the %s of %llu items has no such %s",
                    collection->what, (unsigned long long)collection->count,
                    collection->has_keys ? "key" : "index");
}

static hgr_result take_index(follower *f, const path_step *step, const hgr_value *from,
                             hgr_value *out)
{
    hgr_object object;
    hgr_collection collection;
    if (!from->present || (from->element == HGR_IS_REFERENCE && from->bits == 0))
        return hgr_fail(f->status, HGR_NOT_FOUND, "it is %s",
                        from->present ? "null" : "not in the dump");
    if (from->element == HGR_IS_REFERENCE) {
        hgr_result result = hgr_inspect_object(f->inspector, from->bits, &object, f->status);
        if (result != HGR_OK)
            return result;
        if (object.type->kind == HGR_TYPE_ARRAY)
            return take_element(f, step, &object, out);
    }
    if (hgr_collection_of(f->inspector, from, &collection, NULL) != HGR_OK)
        return hgr_fail(f->status, HGR_NOT_FOUND, "%.120s is neither array nor known collection",
                        from->element == HGR_IS_REFERENCE ? object.type->name : from->type_name);
    return take_item(f, step, from, &collection, out);
}

/* A terminated copy of a name; false when it is longer than names are. */
static bool copy_name(const char *from, size_t len, char out[NAME_BYTES])
{
    if (len >= NAME_BYTES)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

/* What has no field of that name in every runtime: Length of strings and arrays, Count of
 * collections. */
static bool take_count(follower *f, const char *name, const hgr_value *from, hgr_value *out)
{
    hgr_object object = {0};
    hgr_collection collection;
    bool is_length = strcmp(name, "Length") == 0;
    uint64_t count;
    if (!from->present || (!is_length && strcmp(name, "Count") != 0))
        return false;
    if (from->element == HGR_IS_REFERENCE &&
        hgr_inspect_object(f->inspector, from->bits, &object, NULL) == HGR_OK &&
        object.type->component_size != 0)
        count = object.length;
    else if (hgr_collection_of(f->inspector, from, &collection, NULL) == HGR_OK &&
             collection.count != UINT64_MAX)
        count = collection.count;
    else
        return false;
    *out = (hgr_value){
        .element = HGR_IS_UINT64, .present = true, .bits = count, .type_name = "System.UInt64"};
    return true;
}

static hgr_result take_name(follower *f, const path_step *step, const hgr_value *from,
                            hgr_value *out)
{
    char name[NAME_BYTES];
    if (!copy_name(step->text, step->len, name))
        return hgr_fail(f->status, HGR_NOT_FOUND, "no field has so long a name");
    if (take_count(f, name, from, out))
        return HGR_OK;
    return hgr_value_member(f->inspector, from, name, out, f->status);
}

/* ---- the whole ---- */

static hgr_result follow(follower *f, const hgr_value *from, hgr_value *out)
{
    hgr_value value = *from;
    while (*f->at) {
        path_step step = {0};
        const char *before = f->at;
        int shown = before - f->path < 80 ? (int)(before - f->path) : 80;
        hgr_result result = next_step(f, &step);
        if (result != HGR_OK)
            return result;
        result = step.is_index ? take_index(f, &step, &value, &value)
                               : take_name(f, &step, &value, &value);
        if (result != HGR_OK)
            return before > f->path ? hgr_wrap(f->status, result, "after '%.*s', at '%.60s'", shown,
                                               f->path, before + (*before == '.'))
                                    : hgr_wrap(f->status, result, "at '%.60s'", before);
    }
    *out = value;
    return HGR_OK;
}

hgr_result hgr_path_follow(hgr_inspector *inspector, const hgr_value *from, const char *path,
                           hgr_value *out, hgr_status *status)
{
    follower f = {inspector, path, path, status};
    if (strnlen(path, HGR_PATH_MAX) >= HGR_PATH_MAX)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "a path of over %d bytes", HGR_PATH_MAX);
    return follow(&f, from, out);
}

static bool keep_first(void *user, const hgr_static *field)
{
    hgr_static *kept = user;
    if (strcmp(field->field->name, kept->field->name) != 0)
        return true;
    *kept = *field;
    return false;
}

static hgr_result start_at_static(follower *f, const hgr_type *type, const char *name,
                                  hgr_value *out)
{
    const hgr_field *field = hgr_type_static_field(f->inspector, type, name);
    const hgr_type *declaring = NULL;
    if (!field)
        return hgr_no_such_field(f->inspector, type, name, true, f->status);
    hgr_static kept = {.field = field};
    hgr_result result = hgr_inspect_type(f->inspector, field->class_mt, &declaring, f->status);
    if (result == HGR_OK)
        result = hgr_type_statics(f->inspector, declaring, keep_first, &kept, f->status);
    if (result != HGR_OK)
        return result;
    if (!kept.value.present)
        return hgr_fail(f->status, HGR_NOT_FOUND,
                        "static %.100s.%.60s is not allocated, or not in the dump", type->name,
                        name);
    *out = kept.value;
    return HGR_OK;
}

/* Points of the path that may end a type's name: outside < >, before the first index. "[]" and
 * "[,]" belong to the name of an array. */
static size_t find_points(const char *path, const char *points[MAX_POINTS])
{
    size_t count = 0;
    uint32_t open = 0;
    for (const char *at = path; *at && count < MAX_POINTS; at++) {
        open += *at == '<';
        open -= *at == '>' && open > 0;
        if (open == 0 && *at == '[') {
            size_t commas = strspn(at + 1, ",");
            if (at[1 + commas] != ']')
                break;
            at += commas + 1;
        } else if (open == 0 && *at == '.') {
            points[count++] = at;
        }
    }
    return count;
}

/* The longest name before a point that is a loaded type; behind it its static field. */
static hgr_result start_at_type(follower *f, hgr_value *out)
{
    const char *points[MAX_POINTS];
    char name[HGR_PATH_MAX], field[NAME_BYTES];
    size_t count = find_points(f->path, points);
    for (size_t i = count; i-- > 0;) {
        const hgr_type *type = NULL;
        size_t len = (size_t)(points[i] - f->path); /* < HGR_PATH_MAX */
        memcpy(name, f->path, len);
        name[len] = '\0';
        hgr_result result = hgr_find_type(f->inspector, name, &type, f->status);
        if (result == HGR_OK) {
            f->at = name_end(points[i] + 1);
            return copy_name(points[i] + 1, (size_t)(f->at - points[i] - 1), field)
                       ? start_at_static(f, type, field, out)
                       : hgr_fail(f->status, HGR_NOT_FOUND, "no field has so long a name");
        }
        if (result != HGR_NOT_FOUND)
            return result;
    }
    if (count == 0)
        return hgr_fail(f->status, HGR_NOT_FOUND,
                        "'%.80s': neither an address (0x...) nor Type.StaticField", f->path);
    return hgr_no_such_type(f->inspector, f->path, (size_t)(points[count - 1] - f->path),
                            f->status);
}

static hgr_result start_at_address(follower *f, hgr_value *out)
{
    char *end;
    hgr_object object;
    uint64_t addr = strtoull(f->path, &end, 16);
    if (*end != '\0' && *end != '.' && *end != '[')
        return hgr_fail(f->status, HGR_BAD_ARGUMENT, "'%.80s': no address", f->path);
    hgr_result result = hgr_inspect_object(f->inspector, addr, &object, f->status);
    if (result != HGR_OK)
        return hgr_wrap(f->status, result, "0x%llx: ", (unsigned long long)addr);
    f->at = end;
    *out = hgr_value_of_object(&object);
    return HGR_OK;
}

hgr_result hgr_path_evaluate(hgr_inspector *inspector, const char *path, hgr_value *out,
                             hgr_status *status)
{
    follower f = {inspector, path, path, status};
    hgr_value start;
    if (strnlen(path, HGR_PATH_MAX) >= HGR_PATH_MAX)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "a path of over %d bytes", HGR_PATH_MAX);
    bool is_address = path[0] == '0' && (path[1] == 'x' || path[1] == 'X');
    hgr_result result = is_address ? start_at_address(&f, &start) : start_at_type(&f, &start);
    return result == HGR_OK ? follow(&f, &start, out) : result;
}
