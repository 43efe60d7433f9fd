/* heapgraph: what lies inside objects: fields with types and values, arrays, strings, statics.
 *
 * Needs a runtime only, no scan: an answer about one object costs microseconds on a dump of any
 * size. Everything is read through the dump's address space: bytes that the dump lacks are absent,
 * never zero. */
#ifndef HEAPGRAPH_INSPECT_H
#define HEAPGRAPH_INSPECT_H

#include <heapgraph/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reader of objects with what it has learnt about types. One caller at a time. */
typedef struct hgr_inspector hgr_inspector;

/**
 * Make a reader of the objects of a runtime.
 *
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_inspector_free; runtime and its dump must outlive it. Types,
 * fields and texts that it gives out live as long as it does.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_inspector_create(const hgr_runtime *runtime,
                                                       const hgr_run *run, hgr_inspector **out,
                                                       hgr_status *status);
HGR_API void hgr_inspector_free(hgr_inspector *inspector);

/* ---- types ---- */

/** What a value is: ELEMENT_TYPE of ECMA-335 II.23.1.16, as fields store it. */
typedef enum hgr_element {
    HGR_IS_UNKNOWN = 0,
    HGR_IS_BOOLEAN = 2,
    HGR_IS_CHAR,
    HGR_IS_INT8,
    HGR_IS_UINT8,
    HGR_IS_INT16,
    HGR_IS_UINT16,
    HGR_IS_INT32,
    HGR_IS_UINT32,
    HGR_IS_INT64,
    HGR_IS_UINT64,
    HGR_IS_FLOAT32,
    HGR_IS_FLOAT64, /* 13 */
    HGR_IS_POINTER = 15,
    HGR_IS_BYREF = 16,
    HGR_IS_STRUCT = 17,
    HGR_IS_REFERENCE = 18, /* to an object of any class, to a string or an array */
    HGR_IS_INTPTR = 24,
    HGR_IS_UINTPTR = 25,
    HGR_IS_FUNCTION = 27
} hgr_element;

typedef enum hgr_type_kind {
    HGR_TYPE_CLASS,
    HGR_TYPE_STRUCT, /* primitives too */
    HGR_TYPE_ENUM,
    HGR_TYPE_STRING,
    HGR_TYPE_ARRAY
} hgr_type_kind;

/** One loaded type. */
typedef struct hgr_type {
    uint64_t method_table_addr;
    uint64_t parent_addr;    /* method table of the base class, 0 = none */
    uint64_t component_addr; /* arrays: method table of the elements' type, 0 = not loaded or a
                                pointer */
    const char *name;        /* as in hgr_type_info; never NULL */
    const char *module;      /* path, "" when unknown */
    hgr_type_kind kind;
    hgr_element
        element; /* of a value of this type: primitives their own, enums what they are stored as */
    hgr_element component;   /* arrays and strings: of one element */
    uint32_t base_size;      /* bytes of an instance without elements */
    uint32_t component_size; /* bytes of one element, 0 = instances of one size */
    uint32_t rank;           /* arrays: dimensions */
    uint32_t value_bytes;    /* of a value in a field or element: structures without their box */
} hgr_type;

/**
 * The type whose method table lies at the address.
 *
 * Cost     microseconds, once for each type.
 * Errors   HGR_NOT_FOUND (no method table there), HGR_NO_MEMORY.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_inspect_type(hgr_inspector *inspector,
                                                   uint64_t method_table_addr, const hgr_type **out,
                                                   hgr_status *status);

/** One field of a type, its own or inherited. */
typedef struct hgr_field {
    const char *name;      /* as in the metadata: "<Name>k__BackingField" */
    const char *type_name; /* declared: "System.Collections.Generic.List<System.Int32>"; "?" when
                              unreadable */
    uint64_t class_mt;     /* the type that declares it */
    uint64_t type_mt;      /* its own type, 0 = not loaded, a pointer, or only known by name */
    uint32_t offset;       /* instance: from the object's address, in a structure less one pointer;
                              static: within its block */
    uint32_t bytes;        /* of its value, 0 = unknown */
    uint32_t attributes;   /* FieldAttributes (ECMA-335 II.23.1.5), 0 = unknown */
    hgr_element element;
    bool is_static, is_thread_static, is_rva;
} hgr_field;

/**
 * All fields of a type: those of its base classes first, each class in declaration order; of
 * statics only its own.
 *
 * Errors   HGR_NO_MEMORY. A type whose fields cannot be read has none.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_type_fields(hgr_inspector *inspector, const hgr_type *type,
                                                  const hgr_field **out, size_t *out_count,
                                                  hgr_status *status);
/**
 * The instance field of that name; of several the most derived one. Else the field behind the
 * property of that name: "<Name>k__BackingField", "_name", "m_name", "name". NULL when there is
 * none.
 */
HGR_API const hgr_field *hgr_type_field(hgr_inspector *inspector, const hgr_type *type,
                                        const char *name);
/** The same among its own statics and those of its base classes. */
HGR_API const hgr_field *hgr_type_static_field(hgr_inspector *inspector, const hgr_type *type,
                                               const char *name);

/** One named value of an enum. */
typedef struct hgr_enum_member {
    const char *name;
    uint64_t bits; /* sign-extended when the enum is stored in a signed type */
} hgr_enum_member;
/** The members of an enum in declaration order; none when its metadata cannot be read. */
HGR_API HGR_MUST_CHECK hgr_result hgr_enum_members(hgr_inspector *inspector, const hgr_type *type,
                                                   const hgr_enum_member **out, size_t *out_count,
                                                   hgr_status *status);
/**
 * Write an enum's value as its name; of flags "Read, Write"; a number when no names add up to it.
 * Always terminated. Returns the length it needs, as snprintf does.
 */
HGR_API size_t hgr_enum_text(hgr_inspector *inspector, const hgr_type *type, uint64_t bits,
                             char *buffer, size_t size);

/* ---- objects ---- */

/** One object of the heap, looked at without a scan. */
typedef struct hgr_object {
    uint64_t addr;
    const hgr_type *type;
    uint64_t bytes;  /* shallow, as hgr_node_bytes counts */
    uint64_t length; /* elements of an array, characters of a string, else 0 */
    size_t segment;  /* index for hgr_runtime_segment */
    hgr_generation generation;
} hgr_object;

/**
 * The object that starts at addr: in a segment, with a method table of a type that has instances,
 * and inside its segment's end. (Bytes inside another object may look like one; a scan tells.)
 *
 * Errors   HGR_NOT_FOUND (with the reason), HGR_NO_MEMORY.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_inspect_object(hgr_inspector *inspector, uint64_t addr,
                                                     hgr_object *out, hgr_status *status);

/* ---- values ---- */

/** A value somewhere in the dump: of a field, an element, a static, or an object itself. */
typedef struct hgr_value {
    hgr_element element;
    bool present;  /* its bytes are in the dump; else bits mean nothing */
    uint64_t addr; /* where it lies, 0 = an object named by its address */
    uint64_t bits; /* primitives zero- or sign-extended (floats as stored); references: the object,
                      0 = null */
    uint64_t type_mt; /* declared type, 0 = unknown; of an object named by its address: its own */
    const char *type_name; /* declared; never NULL */
} hgr_value;

/** The value of an element at an address of the dump. type_mt and type_name as in hgr_value. */
HGR_API hgr_value hgr_value_read(hgr_inspector *inspector, uint64_t addr, hgr_element element,
                                 uint64_t type_mt, const char *type_name);
/** An object as a value: a reference that lies nowhere. */
HGR_API hgr_value hgr_value_of_object(const hgr_object *object);
/** A value of that type at an address: the payload of a box, an element. */
HGR_API hgr_value hgr_value_at(hgr_inspector *inspector, uint64_t addr, const hgr_type *type);
/** A field of the object a reference points to, or of a structure. Absent when the owner is null or
 * absent. */
HGR_API hgr_value hgr_value_field(hgr_inspector *inspector, const hgr_value *owner,
                                  const hgr_field *field);
/**
 * The field of that name (hgr_type_field) of what owner really is: the object behind a reference, a
 * boxed structure, a structure.
 *
 * Errors   HGR_NOT_FOUND (null, absent, no such field: the text names the nearest), HGR_NO_MEMORY.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_value_member(hgr_inspector *inspector, const hgr_value *owner,
                                                   const char *name, hgr_value *out,
                                                   hgr_status *status);
/** The type of what a value really is: of the object behind a reference, else the declared one.
 * NULL when it is null, absent or not known. */
HGR_API const hgr_type *hgr_value_type(hgr_inspector *inspector, const hgr_value *value);
/** The index-th element, in row order, of an array; absent when it has none. */
HGR_API hgr_value hgr_array_element(hgr_inspector *inspector, const hgr_object *array,
                                    uint64_t index);
/** Lengths and lower bounds of an array's dimensions; returns the rank, 0 = no array or unreadable.
 */
HGR_API uint32_t hgr_array_shape(hgr_inspector *inspector, const hgr_object *array,
                                 uint32_t lengths[32], int32_t lower_bounds[32]);
/** A float or double as such. */
HGR_API double hgr_value_double(const hgr_value *value);

/**
 * Write the text of a string as UTF-8 (halves of surrogate pairs become U+FFFD, control characters
 * stay), at most max_chars UTF-16 units from first on. Always terminated. Returns the length it
 * needs, as snprintf does; SIZE_MAX when the dump lacks its bytes.
 */
HGR_API size_t hgr_string_text(hgr_inspector *inspector, const hgr_object *string, uint64_t first,
                               uint64_t max_chars, char *buffer, size_t size);

/**
 * Write a value in one line, as a person would: true, 42, 1.5, 'x', "text", null, 0x7f.. (pointers),
 * names of enums, Guid, DateTime, DateTimeOffset, TimeSpan, DateOnly, TimeOnly, decimal, Half, Int128,
 * BigInteger, Version, Complex, Rune, Nullable, KeyValuePair, boxed values, types. Quotes and control
 * characters in texts are escaped as C# writes them, so that no terminal obeys them; of a string the first
 * max_chars characters, then "…". Always terminated. Returns the length it needs, as snprintf does; 0 for
 * what has no such text: other structures, objects, bytes that are absent.
 */
HGR_API size_t hgr_value_text(hgr_inspector *inspector, const hgr_value *value, uint64_t max_chars,
                              char *buffer, size_t size);

/* ---- collections ---- */

/** What a collection is. */
typedef struct hgr_collection {
    const char *what;     /* "list", "map", "set", "queue", "stack", "bytes", "text", ... */
    uint64_t    count;    /* items it says it has; UINT64_MAX when it does not say */
    bool        has_keys; /* items are pairs */
} hgr_collection;

/** One item, in the order in which the collection enumerates. */
typedef struct hgr_item {
    uint64_t  index;
    hgr_value key; /* element HGR_IS_UNKNOWN: none */
    hgr_value value;
} hgr_item;

/**
 * Is the value (a reference, or a structure such as ImmutableArray) a collection of a kind known here? Kinds
 * and their fields are tables of names, so any runtime whose names are there is read.
 *
 * Errors   HGR_NOT_FOUND (no collection, null, absent), HGR_NO_MEMORY.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_collection_of(hgr_inspector *inspector,
                                                    const hgr_value *value, hgr_collection *out,
                                                    hgr_status *status);

/** Called for each item; false ends the visit. */
typedef bool (*hgr_item_fn)(void *user, const hgr_item *item);
/**
 * Visit the items.
 *
 * Cost     a microsecond an item; hostile collections end after as many steps as the heap has words.
 * Errors   as hgr_collection_of; HGR_BAD_DATA when the collection is damaged (a cycle, a missing part):
 *          items seen before that were given.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_collection_visit(hgr_inspector *inspector,
                                                       const hgr_value *value, hgr_item_fn visit,
                                                       void *user, hgr_status *status);

/* ---- what objects mean beyond their fields ---- */

/** One fact: "message", "at" (a frame of a stack trace), "target", "method", "status", "continuation", ... */
typedef struct hgr_fact {
    const char *name;
    const char *text;        /* NULL: the object says it all; valid during the call only */
    uint64_t    object_addr; /* the object meant, 0 = none */
} hgr_fact;
/** Called for each fact; false ends the visit. */
typedef bool (*hgr_fact_fn)(void *user, const hgr_fact *fact);
/**
 * Tell what a delegate calls, an exception says (message, inner, stack trace with method names), a task's
 * status, result and continuation, a thread's name and ids, whether a weak reference's target lives, which type a
 * Type is. Of other objects nothing.
 *
 * Errors   HGR_NO_MEMORY.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_object_facts(hgr_inspector *inspector, const hgr_object *object,
                                                   hgr_fact_fn visit, void *user, hgr_status *status);

/* ---- paths ---- */

/**
 * Follow a path from a value: names of fields or properties and items in brackets, for example
 * ".ControllerContext._httpContext.Items["user"].Name" or "_items[17]" (the first point may be left out).
 *
 * [17]      element of an array ([1,2] for more dimensions), item of a list, key of a map of numbers
 * ["key"]   item of a map with that text as key (\" and \\ stand for themselves); other keys are
 *           written as hgr_value_text writes them: [Green], [2024-02-29T00:00:00], [0x7f0012345678]
 *
 * Errors   HGR_NOT_FOUND (the text names the step, the reason and the nearest names), HGR_BAD_ARGUMENT (no
 *          path), HGR_NO_MEMORY. On error *out is untouched.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_path_follow(hgr_inspector *inspector, const hgr_value *from,
                                                  const char *path, hgr_value *out,
                                                  hgr_status *status);
/**
 * A path with its start: an object's address ("0x7f0012345678.Name") or a static field of a loaded type by its
 * full name ("Shop.Store.Items[17].Name"); of a thread static the first thread that has it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_path_evaluate(hgr_inspector *inspector, const char *path,
                                                    hgr_value *out, hgr_status *status);
#define HGR_PATH_MAX 4096 /* bytes of a path: longer than any command line a person types */

/* ---- statics ---- */

/** One static field of a loaded type, in one thread if it is a thread static. */
typedef struct hgr_static {
    const hgr_type *type; /* declaring */
    const hgr_field *field;
    hgr_value value; /* addr 0: not allocated yet; a structure lies in a box on the heap, which is
                        followed */
    uint64_t slot_addr;    /* where the field lies: of a structure the reference to its box */
    uint32_t thread_os_id; /* thread statics, else 0 */
    bool is_initialised; /* the class constructor has run, as far as the runtime says (9 and later)
                          */
} hgr_static;

/** Called for each static field; false ends the walk. */
typedef bool (*hgr_static_fn)(void *user, const hgr_static *field);
/** Visit the statics of one type; of thread statics one for each thread that has them. */
HGR_API HGR_MUST_CHECK hgr_result hgr_type_statics(hgr_inspector *inspector, const hgr_type *type,
                                                   hgr_static_fn visit, void *user,
                                                   hgr_status *status);
/** Visit the statics of all loaded types, in the order of the runtime's modules. */
HGR_API HGR_MUST_CHECK hgr_result hgr_inspect_statics(hgr_inspector *inspector, hgr_static_fn visit,
                                                      void *user, hgr_status *status);
/** The loaded type of that full name (ClrMD's spelling), NULL when there is none. The first
 * question reads the names of all loaded types: milliseconds. */
HGR_API HGR_MUST_CHECK hgr_result hgr_find_type(hgr_inspector *inspector, const char *name,
                                                const hgr_type **out, hgr_status *status);

#ifdef __cplusplus
}
#endif
#endif
