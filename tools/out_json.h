/* tools: JSON on stdout, streamed. Top-level keys on lines of their own, array elements too, the
 * rest compact. */
#ifndef TOOLS_OUT_JSON_H
#define TOOLS_OUT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

typedef struct tool_json {
    FILE *out;
    size_t depth;                /* open objects and arrays */
    bool filled[JSON_DEPTH_MAX]; /* something stands there already: a comma is due */
} tool_json;

/* key is NULL inside arrays and for the document itself; always a text of ours. */
void out_object(tool_json *json, const char *key);
void out_array(tool_json *json, const char *key);
void out_end_object(tool_json *json);
void out_end_array(tool_json *json);
/** Untrusted text: escaped; bytes that are not UTF-8 become U+FFFD. NULL is written as null. */
void out_text(tool_json *json, const char *key, const char *text);
void out_u64(tool_json *json, const char *key, uint64_t value);
void out_i64(tool_json *json, const char *key, int64_t value);
/** "0x7f12abcd0010" as a text, without padding. */
void out_address(tool_json *json, const char *key, uint64_t addr);
/** "0x..." with 16 digits: a fingerprint. */
void out_hash(tool_json *json, const char *key, uint64_t hash);
void out_bool(tool_json *json, const char *key, bool value);
void out_null(tool_json *json, const char *key);
/** At most six decimals, never in exponent form. */
void out_number(tool_json *json, const char *key, double value);

#endif
