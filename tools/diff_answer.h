/* tools: what `diff` has found out: the dumps as they were, the diff, the gate. */
#ifndef TOOLS_DIFF_ANSWER_H
#define TOOLS_DIFF_ANSWER_H

#include "session.h"

/** One dump, as far as it is still known when its neighbour is opened. */
typedef struct diff_dump {
    const char *path;
    uint64_t    file_bytes, fingerprint;
    uint64_t    used_bytes, walked_bytes;
    uint32_t    process_id;
} diff_dump;

typedef struct diff_answer {
    const tool_opts *opts;
    hgr_run         *run;  /* of the diff; each dump has its own */
    hgr_diff        *diff;
    uint32_t         sides;
    diff_dump        dumps[HGR_DIFF_SIDES];
    tool_session     last; /* the newest dump stays open for the end of the answer */
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

/** Types that changed (more than two dumps: grew in every step), by descending growth, then name. */
diff_rows diff_pick_types(const diff_answer *answer, uint64_t limit);
/** Paths by size of change, each with all above it; ascending by number, parents first. */
diff_rows diff_pick_paths(const diff_answer *answer, uint64_t limit);

/* ---- diff_print.c, diff_json.c ---- */
void diff_print(diff_answer *answer);
void diff_write_json(diff_answer *answer);

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
