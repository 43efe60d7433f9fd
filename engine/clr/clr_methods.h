/* clr: MethodDesc -> declaring type, metadata row, generic arguments, name. */
#ifndef HGR_CLR_METHODS_H
#define HGR_CLR_METHODS_H

#include "clr_names.h"
#include "clr_signature.h"

/** Kinds of MethodDescs that are told apart (the low bits of its flags). */
enum { HGR_METHOD_ARRAY = 4, HGR_METHOD_INSTANTIATED = 5, HGR_METHOD_DYNAMIC = 7 };

/** One MethodDesc, read out of the dump. */
typedef struct hgr_clr_method {
    uint64_t addr;
    uint64_t method_table_addr; /* of the declaring type */
    uint32_t row;               /* MethodDef row in the type's module; 0 = none */
    uint8_t kind;
    uint64_t name_addr;      /* HGR_METHOD_DYNAMIC: its name, terminated; else 0 */
    uint64_t signature_addr; /* HGR_METHOD_DYNAMIC: made at run time */
    uint32_t signature_bytes;
    uint64_t arguments_addr; /* its own generic arguments: type handles; 0 = none */
    uint32_t narguments;
} hgr_clr_method;

/** false when there is no MethodDesc at addr: bytes absent, or its chunk names no method table. */
bool hgr_clr_method_read(const hgr_runtime *runtime, uint64_t addr, hgr_clr_method *out);

#define HGR_METHOD_MAX_PARAMS          1024u
#define HGR_METHOD_MAX_SIGNATURE_BYTES 4096u /* of one made at run time */

/** What a method's metadata says. */
typedef struct hgr_clr_method_signature {
    hgr_clr_module *module; /* whose tokens it uses */
    const char *name;       /* borrowed from the metadata */
    size_t name_len;
    bool has_this;
    uint32_t nparams;
    hgr_cursor types; /* at the type of the result; the parameters follow */
} hgr_clr_method_signature;

/** false when the metadata cannot be read, or for a method without any. */
bool hgr_clr_method_signature_read(hgr_clr_names *names, const hgr_clr_method *method,
                                   hgr_clr_method_signature *out);

/** The same for HGR_METHOD_DYNAMIC, without module and name; its bytes are copied to `bytes`. */
bool hgr_clr_dynamic_signature_read(const hgr_runtime *runtime, const hgr_clr_method *method,
                                    uint8_t bytes[HGR_METHOD_MAX_SIGNATURE_BYTES],
                                    hgr_clr_method_signature *out);

/**
 * Append "Namespace.Type.Method<Argument>(System.String, Int32)": types as hgr_clr_type_name prints
 * them, those of the signature that have a keyword in C# without their namespace, as SOS prints
 * them.
 *
 * Values   false when something could not be read: what is known is appended, at least
 *          "<method 0x...>".
 */
bool hgr_clr_method_name(hgr_clr_names *names, uint64_t method_addr, hgr_text *out);
/** Append the name of the parameter with this number (0 = the first after `this`); false: unknown.
 */
bool hgr_clr_parameter_name(hgr_clr_names *names, const hgr_clr_method *method, uint32_t parameter,
                            hgr_text *out);

#endif
