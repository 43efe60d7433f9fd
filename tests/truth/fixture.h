/* Recorded dumps with the answers of an independent reader beside them: find, open, read the
 * answers.
 *
 * A fixture X is X.dmp.zst (or X.dmp, X.core, X.core.zst) beside a folder X.truth of JSON files,
 * one a question, plain or .zst. The folder is tests/fixtures; the environment variable
 * HGR_FIXTURES names another one, HGR_FIXTURES_MIN the number that must be there. */
#ifndef HGR_TESTS_TRUTH_FIXTURE_H
#define HGR_TESTS_TRUTH_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <json-c/json.h>
#include <heapgraph/heapgraph.h>

#define FIXTURES_MAX 64

struct fixture {
    char name[96]; /* "site-net10-x64.before" */
    char dump_path[512];
    char truth_dir[512];
};

/** All fixtures, ascending by name; fails the test when there are fewer than must be, skips it when
 * there are none and none must be. */
size_t fixture_list(struct fixture *out);
/** An answer, "handles" for handles.json or handles.json.zst; fails the test when it is not there.
 * Caller frees with json_object_put. */
json_object *fixture_json(const struct fixture *fixture, const char *question);
bool fixture_has(const struct fixture *fixture, const char *file);
/** A file of the truth folder ("retained-all.tsv", plain or .zst), terminated. Caller frees with
 * free. */
char *fixture_text(const struct fixture *fixture, const char *file, size_t *out_len);

/** A fixture opened as far as its runtime; every failure fails the test with the library's own
 * words. */
struct opened {
    hgr_run *run;
    hgr_dump *dump;
    hgr_runtime *runtime;
};
void fixture_open(const struct fixture *fixture, uint32_t threads,
                  const hgr_runtime_options *options, struct opened *out);
void fixture_close(struct opened *opened);

/* Members of an object; a missing one fails the test. Hex strings ("0x12") and decimal numbers both
 * count. */
json_object *truth_get(json_object *object, const char *key);
uint64_t truth_u64(json_object *object, const char *key);
uint64_t truth_value_u64(json_object *value);
const char *truth_text(json_object *object, const char *key);

#endif
