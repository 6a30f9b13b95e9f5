#include "progress.h"

#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct progress *progress_map(const char *path)
{
    int flags = path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (path && (fd < 0 || ftruncate(fd, sizeof(struct progress)) != 0))
        err(EXIT_FAILURE, "%s", path);
    struct progress *progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (progress == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    if (fd >= 0)
        close(fd);
    return progress;
}
