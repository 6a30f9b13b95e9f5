/*
 * Runs a fuzz target over files, without a fuzzing engine: the corpora as a regression test.
 *
 * usage: NAME_fuzz FILE-OR-DIRECTORY...
 * A file that is in the way of the target ends the process, which is how a sanitizer reports. An input is handed over in
 * a block of exactly its size, so that a read past its end is seen.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static void die(const char *what, const char *path)
{
    fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
    exit(2);
}

static void run_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size > 0 ? size : 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;

    if (data == NULL || fd < 0)
        die("cannot open", path);
    while (len < size) {
        ssize_t got = read(fd, data + len, size - len);
        if (got <= 0)
            die("cannot read", path);
        len += (size_t)got;
    }
    close(fd);
    /* Named before it runs: after a crash the last line tells the file. */
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    FTS *walk;
    FTSENT *entry;

    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...\n", argv[0]);
        return 2;
    }
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    walk = fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL)
        die("cannot walk", argv[1]);
    while ((entry = fts_read(walk)) != NULL) {
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            errno = entry->fts_errno;
            die("cannot read", entry->fts_path);
        }
        if (entry->fts_info == FTS_F) {
            run_file(entry->fts_accpath, (size_t)entry->fts_statp->st_size);
            count++;
        }
    }
    fts_close(walk);
    printf("%zu inputs\n", count);
    return count > 0 ? 0 : 1;
}
