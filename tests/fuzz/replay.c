/* fuzz: runs a fuzz target over files or directories of files, without a fuzzer: an ordinary test.
 *
 * Input: paths; a directory stands for every plain file in it. With --cut every shorter beginning
 * of each file of up to CUT_MAX bytes is run as well. Exit 0 when nothing crashed and at least one
 * file was run, 2 when there was nothing to run or a file could not be read. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUT_MAX  4096u
#define FILE_MAX (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct tally {
    size_t files, runs, failed;
    int cut;
};

/* Exactly len bytes on the heap, so that the address sanitizer sees the first byte behind them. */
static void run_bytes(struct tally *tally, const uint8_t *bytes, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1);
    if (!exact) {
        tally->failed++;
        return;
    }
    memcpy(exact, bytes, len);
    LLVMFuzzerTestOneInput(exact, len);
    tally->runs++;
    free(exact);
}

static void run_file(struct tally *tally, const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    struct stat about;
    if (!file || fstat(fileno(file), &about) != 0 || about.st_size > (off_t)FILE_MAX ||
        !(bytes = malloc((size_t)about.st_size + 1))) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        tally->failed++;
        goto done;
    }
    size_t len = fread(bytes, 1, (size_t)about.st_size, file);
    tally->files++;
    run_bytes(tally, bytes, len);
    if (tally->cut && len <= CUT_MAX)
        for (size_t cut = 0; cut < len; cut++)
            run_bytes(tally, bytes, cut);
done:
    free(bytes);
    if (file)
        fclose(file);
}

static void run_directory(struct tally *tally, const char *path, DIR *directory)
{
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char full[4096];
        struct stat about;
        int len = snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        if (len > 0 && (size_t)len < sizeof full && stat(full, &about) == 0 &&
            S_ISREG(about.st_mode))
            run_file(tally, full);
    }
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cut") == 0) {
            tally.cut = 1;
            continue;
        }
        DIR *directory = opendir(argv[i]);
        if (directory) {
            run_directory(&tally, argv[i], directory);
            closedir(directory);
        } else {
            run_file(&tally, argv[i]);
        }
    }
    printf("%zu files, %zu runs\n", tally.files, tally.runs);
    return tally.files == 0 || tally.failed ? 2 : 0;
}
