/* tools: numbers with units, read from the command line and written for people. */
#ifndef TOOLS_UNITS_H
#define TOOLS_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** "20", "1,000": decimal digits, commas between them allowed. false leaves *out untouched. */
bool units_parse_count(const char *text, uint64_t *out);
/** "512", "10K", "1.5M", "2GiB": K, M, G, T are powers of 1024; B, iB and small letters allowed. */
bool units_parse_bytes(const char *text, uint64_t *out);
/** "0x7f12", "7f12", "00007f12`34567890": hexadecimal, as debuggers print it. */
bool units_parse_address(const char *text, uint64_t *out);
/** "1%", "0.5%": a share in parts per million, at most 1,000,000. */
bool units_parse_share(const char *text, uint64_t *out_ppm);

#define UNITS_TEXT 40 /* room enough for any number below */

/** "1,234,567". Returns buffer. */
const char *units_count(char buffer[UNITS_TEXT], uint64_t value);
/** The same, or with human "1.2 MiB" from 1024 on. Returns buffer. */
const char *units_bytes(char buffer[UNITS_TEXT], uint64_t value, bool human);
/** "1,234 objects", "1 object": the noun with an s unless it is one. Returns buffer. */
const char *units_things(char buffer[UNITS_TEXT], uint64_t count, const char *noun);
/** "1,234 bytes", or with human "1.2 KiB". Returns buffer. */
const char *units_amount(char buffer[UNITS_TEXT], uint64_t bytes, bool human);
/** "0x00007f12abcd0010": 16 digits, or 8 when pointers are 4 bytes. Returns buffer. */
const char *units_address(char buffer[UNITS_TEXT], uint64_t addr, uint32_t pointer_size);
/** "12.3 %" of the whole, rounded down so that only the whole is 100 %. Returns buffer. */
const char *units_share(char buffer[UNITS_TEXT], uint64_t part, uint64_t whole);
/** part / whole in percent, rounded down at the fourth decimal; 100 when whole is 0. */
double units_percent(uint64_t part, uint64_t whole);

#endif
