/* A .NET process's type system small enough to be written by hand: three modules with metadata,
 * method tables, classes, fields, statics. The offsets are those of the layout facts, written out
 * here again: nothing is shared with the tables under test but the row of hgr_clr_layout they are
 * meant to fit. */
#ifndef HGR_TESTS_FAKE_TYPES_H
#define HGR_TESTS_FAKE_TYPES_H

#include "clr/clr.h"

#define FT_BASE  UINT64_C(0x7f0000000000)
#define FT_BYTES 0x60000u

/* TypeDef rows of the core module. */
enum {
    CORE_OBJECT = 2,
    CORE_VALUE_TYPE,
    CORE_STRING,
    CORE_INT32,
    CORE_ARRAY,
    CORE_LIST,  /* List`1: _items (!0[]), _size, static Shared (object) */
    CORE_PAIR,  /* Pair`2, a structure: key (!0), value (!1) */
    CORE_DICT,  /* Dict`2: _entries (Entry<!0, !1>[]) */
    CORE_ENTRY, /* Dict`2+Entry, a structure: hash, key (!0), value (!1) */
    CORE_CANON
};
/* TypeDef rows of the shop's module, which reaches Pair`2 through a facade. */
enum {
    SHOP_CART = 2, /* owner (string), best (Pair<int, string>), count; static Current, Last (boxed
                      Pair), thread static Mine */
    SHOP_INLINE,   /* a structure of three objects with one field: item */
    SHOP_HOLDER,   /* slots (Inline), after (object), names (List<string>, never loaded) */
    SHOP_RACK,     /* a structure of two Pair<int, string> with one field: pair */
    SHOP_SPECIAL   /* below Cart: extra (object), rack (Rack) */
};

struct fake_types {
    hgr_run *run;
    hgr_dump dump;
    hgr_module files[3];
    hgr_runtime runtime;
    hgr_clr_thread threads[2];
    uint8_t *bytes; /* FT_BYTES at FT_BASE */
    size_t used;
    bool is_8;
    uint64_t core, facade, shop; /* Modules */
    uint64_t hash_heads;         /* of the core module's constructed types, 3 of them */
    /* method tables */
    uint64_t object, value_type, string, int32, array, canon;
    uint64_t list_canon, list_cart, pair_canon, pair_exact, dict_canon, dict_exact, entry_canon,
        entry_exact;
    uint64_t cart, inline_struct, holder, rack, special;
    uint64_t cart_vector, cart_matrix, int_lower_bound, pair_vector, matrix_vector, dict_entries;
    /* where statics lie */
    uint64_t current_slot, last_slot, mine_slot, thread_array_slot;
    uint64_t shared_slot; /* List<Cart>.Shared */
};

/** major 10 or 8. Change bytes, then seal. */
void fake_types_make(struct fake_types *f, uint32_t major);
/** Make the bytes visible as memory, in pieces of `piece` bytes that do not lie side by side (0 =
 * one piece). */
void fake_types_seal(struct fake_types *f, size_t piece);
void fake_types_free(struct fake_types *f);

/** Room for bytes, zeroed; aligned to 16. */
uint64_t ft_room(struct fake_types *f, size_t bytes);
void ft_u16(struct fake_types *f, uint64_t addr, uint16_t value);
void ft_u32(struct fake_types *f, uint64_t addr, uint32_t value);
void ft_u64(struct fake_types *f, uint64_t addr, uint64_t value);

/** A copy of a generic definition's method table for other arguments, sharing the class of
 * `canonical`; 0 = its own. */
uint64_t ft_instance(struct fake_types *f, uint64_t module, uint32_t row, uint32_t flags,
                     uint32_t base_size, uint64_t parent, uint64_t canonical, uint32_t count,
                     const uint64_t *arguments);
/** A TypeDesc as a type handle: kind ELEMENT_TYPE, two words of content. */
uint64_t ft_desc(struct fake_types *f, uint8_t kind, uint64_t argument, uint32_t token);
/** A function pointer's TypeDesc: result and arguments. */
uint64_t ft_function(struct fake_types *f, uint32_t count, const uint64_t *result_and_arguments);
/** Put a type handle into the core module's hash of constructed types. */
void ft_construct(struct fake_types *f, uint64_t handle);

#endif
