/* A process that is no .NET process: one heap block, one thread more than main, then it waits to be dumped. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char global_text[] = "a native program, no managed heap in here";

static void *wait_here(void *arg)
{
    (void)arg;
    pause();
    return NULL;
}

int main(void)
{
    char *block = malloc(4096);
    pthread_t thread;
    if (block == NULL || pthread_create(&thread, NULL, wait_here, NULL) != 0)
        return 1;
    memset(block, 'x', 4096);
    puts("ready");
    fflush(stdout);
    pause();
    printf("%s %c\n", global_text, block[0]);
    return 0;
}
