/* tools: `version`. */
#include <heapgraph/heapgraph.h>
#include <stdio.h>

#include "opt.h"

const opt_row opts_version[] = {OPT_ROW_END};

int cmd_version(const tool_opts *opts)
{
    (void)opts;
    printf("heapgraph %s\n", hgr_version());
    return EXIT_DONE;
}
