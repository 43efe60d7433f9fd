/* tools: what `diff` has found out: the dumps as they were, the diff, the gate. */
#ifndef TOOLS_DIFF_ANSWER_H
#define TOOLS_DIFF_ANSWER_H

#include "session.h"

/** What became of the objects of a type. */
typedef struct diff_fates {
    uint64_t survived;
    uint64_t fresh, fresh_bytes; /* new */
    uint64_t gone, gone_bytes;
    uint64_t unknown_before, unknown_after;
} diff_fates;

/** Two dumps, object by object. */
typedef struct diff_objects {
    bool compared;                /* process is filled */
    hgr_process_evidence process; /* same_process: all below is there */
    hgr_match_view *views[2];
    hgr_match *match;
    hgr_grown *grown;
    size_t ngrown;
    hgr_new_owner *owners;
    size_t nowners;
    diff_fates *of_type; /* by type of the diff */
} diff_objects;

/** One dump, as far as it is still known when its neighbour is opened. */
typedef struct diff_dump {
    const char *path;
    uint64_t    file_bytes, fingerprint;
    uint64_t    used_bytes, walked_bytes;
    uint32_t    process_id;
    bool        saved; /* not opened: read from the JSON of an earlier run */
} diff_dump;

typedef struct diff_answer {
    const tool_opts *opts;
    hgr_run         *run;  /* of the diff; each dump has its own */
    hgr_diff        *diff;
    uint32_t         sides;
    diff_dump        dumps[HGR_DIFF_SIDES];
    tool_session     first; /* of two, the older one stays open until its objects are matched */
    tool_session     last;  /* the newest dump stays open for the end of the answer */
    diff_objects     objects;
} diff_answer;

/** A growth with its sign: "+1,234", with human "+1.2 KiB". Returns buffer. */
const char *diff_signed(char buffer[48], int64_t value, bool bytes, bool human);
/** Last minus first. */
int64_t diff_count_growth(const diff_answer *answer, const hgr_diff_amount *amounts);

/* ---- diff_rows.c: which rows to show ---- */

/** Numbers of types (or paths), and how many there are; caller frees ids. */
typedef struct diff_rows {
    uint32_t *ids;
    size_t    count, total; /* total: rows that changed, shown or not */
} diff_rows;

/** Types that changed (more than two dumps: grew in every step), or all; by descending growth, then name. */
diff_rows diff_pick_types(const diff_answer *answer, uint64_t limit, bool unchanged);
/** Paths that changed, or all, by size of change, each with all above it; ascending by number. */
diff_rows diff_pick_paths(const diff_answer *answer, uint64_t limit, bool unchanged);

/* ---- diff_print.c, diff_json.c ---- */
void diff_print(diff_answer *answer);
void diff_write_json(diff_answer *answer);

/* ---- diff_baseline.c: the JSON of an earlier run in place of a dump ---- */

/** Is the file such a document? Looks at its first bytes only. */
bool baseline_is(const char *path);
/** Add the newest side of a document to a diff. EXIT_DONE, or EXIT_INPUT and why. */
#define BASELINE_WHY 512
int baseline_read(const char *text, size_t len, hgr_diff *diff, const hgr_run *run,
                  diff_dump *out, char why[BASELINE_WHY]);
/** Add the newest dump of that run as the next side. EXIT_DONE, or a line on stderr and an exit code. */
int baseline_add(diff_answer *answer, uint32_t side, tool_session *session);

/* ---- diff_objects.c: object by object ---- */

/** Match the objects when both dumps are open and of one process. */
int diff_match_objects(diff_answer *answer);
void diff_free_objects(diff_answer *answer);
/** How the owner of new objects is called: an object by its type, a root by its name. Appends. */
void diff_add_owner_name(const diff_answer *answer, const hgr_new_owner *owner, strbuf *out);
/** Bytes of new reachable objects, and of those whose owner has a name. */
void diff_sum_owners(const diff_answer *answer, uint64_t *out_bytes, uint64_t *out_named);

/* ---- diff_objects_out.c ---- */
void diff_print_objects(diff_answer *answer);
void diff_write_objects(diff_answer *answer);

/* ---- diff_list.c: --set ---- */
struct set_expr;
/** List the objects of a set of new, gone, survived, grown and other objects. */
int diff_list(diff_answer *answer, const struct set_expr *expr);

/* ---- diff_gate.c ---- */

/** Conditions of --fail-over. */
typedef enum gate_of { GATE_TOTAL, GATE_TYPE, GATE_PATH } gate_of;
typedef enum gate_unit { GATE_COUNT, GATE_BYTES, GATE_SHARE } gate_unit;
typedef struct diff_condition {
    gate_of   of;
    gate_unit unit;
    char      name[1024]; /* type or path, arrows as the table has them */
    uint64_t  limit;      /* count, bytes, parts per million of what was there before */
    /* filled by gate_holds: */
    bool      found, holds;
    int64_t   growth;     /* count or bytes */
} diff_condition;

#define GATE_MAX 16
typedef struct diff_gate {
    diff_condition conditions[GATE_MAX];
    size_t         count;
} diff_gate;

/** Read --fail-over; EXIT_DONE, or a usage error printed. */
int gate_parse(const tool_opts *opts, diff_gate *out);
/** Does any condition hold? */
bool gate_holds(diff_gate *gate, const diff_answer *answer);
void gate_print(const diff_gate *gate, const diff_answer *answer);
void gate_write(const diff_gate *gate, tool_json *json);

#endif
