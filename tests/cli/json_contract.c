/* cli tests: does a JSON document keep the contract of tools/JSON.md?
 * usage: json_contract JSON.md COMMAND < document; prints every breach, exits 1 when there is one.
 *
 * The contract is the tables of "## every document" and "## COMMAND": each key found must be listed
 * with its type, each key listed without a condition must be found wherever its parent is. */
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 256

struct row {
    char key[128], type[32];
    bool always, found;
};

struct contract {
    struct row rows[ROWS_MAX];
    size_t count;
    unsigned breaches;
};

static void complain(struct contract *contract, const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    contract->breaches++;
}

/* "| `key` | type | when | meaning |" */
static bool read_row(const char *line, struct row *out)
{
    char when[128] = "";
    const char *cell = line;
    if (sscanf(line, "| `%127[^`]` | %31[^|]|", out->key, out->type) != 2)
        return false;
    for (char *end = out->type + strlen(out->type); end > out->type && end[-1] == ' ';)
        *--end = '\0';
    for (int bar = 0; bar < 3 && cell; bar++)
        cell = strchr(cell + (bar > 0), '|');
    if (cell)
        sscanf(cell, "| %127[^|]", when);
    out->always = when[0] == '\0' || when[0] == '|';
    out->found = false;
    return true;
}

static void read_contract(struct contract *contract, const char *path, const char *command)
{
    char line[1024], wanted[64], title[64] = "";
    FILE *file = fopen(path, "r");
    if (!file) {
        complain(contract, path, "cannot be read");
        return;
    }
    snprintf(wanted, sizeof wanted, "%s", command);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "## ", 3) == 0)
            sscanf(line, "## %63[^\n]", title);
        bool ours = strcmp(title, "every document") == 0 || strcmp(title, wanted) == 0;
        if (ours && contract->count < ROWS_MAX && read_row(line, &contract->rows[contract->count]))
            contract->count++;
    }
    fclose(file);
}

static struct row *find_row(struct contract *contract, const char *key)
{
    for (size_t i = 0; i < contract->count; i++)
        if (strcmp(contract->rows[i].key, key) == 0)
            return &contract->rows[i];
    return NULL;
}

static bool is_address(const char *text)
{
    return strncmp(text, "0x", 2) == 0 && text[2] &&
           strspn(text + 2, "0123456789abcdef") == strlen(text + 2);
}

static bool fits(struct json_object *value, const char *type)
{
    bool nullable = strstr(type, " or null") != NULL;
    if (!value)
        return nullable;
    switch (json_object_get_type(value)) {
    case json_type_boolean:
        return strcmp(type, "boolean") == 0;
    case json_type_int:
        return strncmp(type, "integer", 7) == 0 || strcmp(type, "number") == 0;
    case json_type_double:
        return strcmp(type, "number") == 0;
    case json_type_object:
        return strcmp(type, "object") == 0;
    case json_type_array:
        return strcmp(type, "array") == 0;
    case json_type_string:
        return strncmp(type, "string", 6) == 0 ||
               (strncmp(type, "address", 7) == 0 && is_address(json_object_get_string(value)));
    default:
        return nullable;
    }
}

static void check_value(struct contract *contract, struct json_object *value, const char *path);

/* Keys listed without a condition directly below path must be in object. */
static void check_missing(struct contract *contract, struct json_object *object, const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < contract->count; i++) {
        const char *key = contract->rows[i].key, *rest = key + len + (len > 0);
        bool below = len == 0 || (strncmp(key, path, len) == 0 && key[len] == '.');
        if (!below || !contract->rows[i].always || strpbrk(rest, ".[*"))
            continue;
        if (!json_object_object_get_ex(object, rest, NULL))
            complain(contract, key, "missing");
    }
}

static void check_object(struct contract *contract, struct json_object *object, const char *path)
{
    char star[160], key_path[160];
    snprintf(star, sizeof star, "%s.*", path);
    bool open = find_row(contract, star) != NULL;
    check_missing(contract, object, path);
    json_object_object_foreach(object, key, value)
    {
        snprintf(key_path, sizeof key_path, "%s%s%s", path, *path ? "." : "", key);
        const char *listed = open ? star : key_path;
        struct row *row = find_row(contract, listed);
        if (!row) {
            complain(contract, key_path, "not in tools/JSON.md");
            continue;
        }
        row->found = true;
        if (!fits(value, row->type))
            complain(contract, key_path, json_object_to_json_string(value));
        check_value(contract, value, listed);
    }
}

static void check_value(struct contract *contract, struct json_object *value, const char *path)
{
    char below[168];
    if (json_object_is_type(value, json_type_object))
        check_object(contract, value, path);
    if (!json_object_is_type(value, json_type_array))
        return;
    snprintf(below, sizeof below, "%s[]", path);
    for (size_t i = 0; i < json_object_array_length(value); i++)
        if (json_object_is_type(json_object_array_get_idx(value, i), json_type_object))
            check_object(contract, json_object_array_get_idx(value, i), below);
}

static char *read_all(FILE *file)
{
    size_t len = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    for (size_t got = 1; text && got > 0; len += got) {
        if (capacity - len < 2)
            text = realloc(text, capacity *= 2);
        got = text ? fread(text + len, 1, capacity - len - 1, file) : 0;
    }
    if (text)
        text[len] = '\0';
    return text;
}

int main(int argc, char **argv)
{
    static struct contract contract;
    if (argc != 3)
        return 2;
    read_contract(&contract, argv[1], argv[2]);
    char *text = read_all(stdin);
    struct json_object *whole = text ? json_tokener_parse(text) : NULL;
    if (!json_object_is_type(whole, json_type_object))
        complain(&contract, "document", "not a JSON object");
    else
        check_object(&contract, whole, "");
    if (contract.count < 12)
        complain(&contract, argv[1], "lists no keys for this command");
    json_object_put(whole);
    free(text);
    return contract.breaches != 0;
}
