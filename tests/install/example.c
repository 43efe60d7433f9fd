#include <heapgraph/heapgraph.h>
#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    hgr_run *run = NULL;
    hgr_dump *dump = NULL;
    hgr_runtime *runtime = NULL;
    hgr_snapshot *heap = NULL;
    hgr_status why = {HGR_BAD_ARGUMENT, 0, 0, 0, "usage: example DUMP"};
    if (argc == 2 && hgr_run_create(0, &run, &why) == HGR_OK &&
        hgr_dump_open(argv[1], NULL, run, &dump, &why) == HGR_OK &&
        hgr_runtime_open(dump, NULL, run, &runtime, &why) == HGR_OK &&
        hgr_snapshot_create(runtime, NULL, run, &heap, &why) == HGR_OK)
        printf("%" PRIu64 " objects\n", hgr_snapshot_totals(heap)->objects);
    else
        fprintf(stderr, "%s\n", why.text);
    int failed = heap == NULL;
    hgr_snapshot_free(heap);
    hgr_runtime_close(runtime);
    hgr_dump_close(dump);
    hgr_run_free(run);
    return failed;
}
