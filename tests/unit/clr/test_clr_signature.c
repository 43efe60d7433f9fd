/* clr: types in signatures: what each byte sequence means, and which ones mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr_signature.h"

/* Nodes in prefix order as words: element, then ":table.row" or ":count", then "/end". */
static void print_nodes(const hgr_signature *signature, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < signature->count; i++) {
        const hgr_signature_node *n = &signature->nodes[i];
        len += (size_t)snprintf(out + len, size - len, "%s%x", i ? " " : "", n->element);
        if (n->row)
            len += (size_t)snprintf(out + len, size - len, ":%x.%u", n->table, n->row);
        if (n->count || n->element == 0x13)
            len += (size_t)snprintf(out + len, size - len, "#%u", n->count);
        if (n->is_value_type)
            len += (size_t)snprintf(out + len, size - len, "v");
        len += (size_t)snprintf(out + len, size - len, "/%u", n->end);
    }
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static const struct {
    const uint8_t *bytes;
    size_t len;
    const char *nodes;
} GOOD[] = {
    {BYTES(0x06, 0x08), "8/1"},                        /* int */
    {BYTES(0x06, 0x0e), "e/1"},                        /* string */
    {BYTES(0x06, 0x12, 0x49), "12:1.18/1"},            /* class, TypeRef 18 */
    {BYTES(0x06, 0x11, 0x80, 0x88), "11:2.34/1"},      /* value type, TypeDef 34 in two bytes */
    {BYTES(0x06, 0x1d, 0x1d, 0x1c), "1d/3 1d/3 1c/3"}, /* object[][] */
    {BYTES(0x06, 0x14, 0x08, 0x03, 0x00, 0x03, 0x00, 0x00, 0x00), "14#3/2 8/2"}, /* int[,,] */
    {BYTES(0x06, 0x14, 0x08, 0x02, 0x01, 0x05, 0x01, 0x02), "14#2/2 8/2"}, /* sizes and bounds */
    {BYTES(0x06, 0x15, 0x12, 0x0d, 0x02, 0x0e, 0x13, 0x01),
     "15:1.3#2/3 e/2 13#1/3"},                                      /* D<string, !1> */
    {BYTES(0x06, 0x15, 0x11, 0x08, 0x01, 0x08), "15:2.2#1v/2 8/2"}, /* S<int> */
    {BYTES(0x06, 0x15, 0x12, 0x0d, 0x01, 0x15, 0x12, 0x11, 0x01, 0x0e),
     "15:1.3#1/3 15:1.4#1/3 e/3"},                                /* L<L<string>> */
    {BYTES(0x06, 0x1f, 0x0d, 0x08), "8/1"},                       /* volatile int */
    {BYTES(0x06, 0x20, 0x0d, 0x1f, 0x0d, 0x0f, 0x01), "f/2 1/2"}, /* two modifiers, void* */
    {BYTES(0x06, 0x1b, 0x00, 0x02, 0x08, 0x0e, 0x0a), "1b#3/4 8/2 e/3 a/4"}, /* long f(...) */
    {BYTES(0x06, 0x1b, 0x10, 0x01, 0x00, 0x01), "1b#1/2 1/2"},               /* generic void f() */
    {BYTES(0x06, 0x13, 0x00), "13#0/1"},
    {BYTES(0x06, 0x1e, 0x01), "1e#1/1"},
};

static void each_means_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        hgr_cursor c = hgr_cursor_make(GOOD[i].bytes, GOOD[i].len, 0, HGR_AT_ADDR);
        hgr_signature signature;
        char nodes[256];
        assert_int_equal(hgr_signature_field(&c, &signature, NULL), HGR_OK);
        print_nodes(&signature, nodes, sizeof nodes);
        assert_string_equal(nodes, GOOD[i].nodes);
    }
}

static void every_beginning_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        for (size_t cut = 0; cut < GOOD[i].len; cut++) {
            hgr_cursor c = hgr_cursor_make(GOOD[i].bytes, cut, 0x1000, HGR_AT_ADDR);
            hgr_signature signature;
            hgr_status status = {0};
            assert_int_equal(hgr_signature_field(&c, &signature, &status), HGR_BAD_DATA);
            assert_true(status.at >= 0x1000 && status.at <= 0x1000 + cut);
        }
    }
}

static const struct {
    const uint8_t *bytes;
    size_t len;
} BAD[] = {
    {BYTES(0x07, 0x08)}, /* not a field */
    {BYTES(0x06, 0x17)}, /* no such element */
    {BYTES(0x06, 0x00)},
    {BYTES(0x06, 0x12, 0x0b)},                      /* tag 3 of a type token names no table */
    {BYTES(0x06, 0x12, 0xff, 1, 1, 1)},             /* no compressed number begins so */
    {BYTES(0x06, 0x15, 0x08, 0x05, 0x01)},          /* an instance of int */
    {BYTES(0x06, 0x14, 0x08, 0x00, 0, 0)},          /* rank 0 */
    {BYTES(0x06, 0x14, 0x08, 0x21, 0, 0)},          /* rank 33 */
    {BYTES(0x06, 0x14, 0x08, 0x02, 0x80, 0xff, 0)}, /* 255 sizes */
    {BYTES(0x06, 0x1b, 0x00, 0xc0, 0x10, 0x00, 0x00, 0x01)}, /* a million parameters */
};

static void nonsense_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        hgr_cursor c = hgr_cursor_make(BAD[i].bytes, BAD[i].len, 0, HGR_AT_ADDR);
        hgr_signature signature;
        hgr_status status = {0};
        assert_int_equal(hgr_signature_field(&c, &signature, &status), HGR_BAD_DATA);
        assert_int_equal(strncmp(status.text, "signature: ", 11), 0);
    }
}

static void depth_and_width_have_limits(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    hgr_signature signature;
    memset(bytes, 0x1d, sizeof bytes); /* arrays of arrays of arrays */
    hgr_cursor c = hgr_cursor_make(bytes, sizeof bytes, 0, HGR_AT_ADDR);
    assert_int_equal(hgr_signature_type(&c, &signature, NULL), HGR_TOO_LARGE);
    bytes[HGR_SIGNATURE_MAX_DEPTH - 1] = 0x08; /* as deep as allowed */
    c = hgr_cursor_make(bytes, sizeof bytes, 0, HGR_AT_ADDR);
    assert_int_equal(hgr_signature_type(&c, &signature, NULL), HGR_OK);
    assert_int_equal(signature.count, HGR_SIGNATURE_MAX_DEPTH);
    const uint8_t wide[] = {0x15, 0x12, 0x0d, 0x83, 0xe8}; /* 1000 arguments */
    memset(bytes, 0x08, sizeof bytes);
    memcpy(bytes, wide, sizeof wide);
    c = hgr_cursor_make(bytes, sizeof bytes, 0, HGR_AT_ADDR);
    assert_int_equal(hgr_signature_type(&c, &signature, NULL), HGR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_means_what_it_says),
        cmocka_unit_test(every_beginning_is_refused),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(depth_and_width_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
