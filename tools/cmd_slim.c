/* tools: `slim`: a smaller dump with all that heapgraph reads. */
#include "session.h"
#include "units.h"

const opt_row opts_slim[] = {
    {OPT_OUTPUT, "output", 'o', OPT_TEXT, "FILE", NULL, "write the smaller dump here (needed)"},
    OPT_ROW_END};

int cmd_slim(const tool_opts *opts)
{
    if (!opt_given(opts, OPT_OUTPUT))
        return opt_usage(opts, "--output FILE is missing: where to write the smaller dump");
    fputs("heapgraph: slim: not built in yet\n", stderr);
    return EXIT_MACHINE;
}
