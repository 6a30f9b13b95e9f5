/*
 * metrics_process.c - see metrics_process.h
 */
#include "metrics_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void add_head(struct buf *out, const char *name, const char *kind, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, kind, name);
}

static void add_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    add_head(out, name, "gauge", help);
    buf_add_u64(out, value);
    buf_add_char(out, '\n');
}

/* The first bytes of a file of /proc, terminated; empty when it cannot be read. */
static void read_proc(const char *path, char *out, size_t size)
{
    ssize_t len = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        len = read(fd, out, size - 1);
        close(fd);
    }
    out[len < 0 ? 0 : len] = '\0';
}

static uint64_t per_second(void)
{
    long ticks = sysconf(_SC_CLK_TCK);
    return ticks > 0 ? (uint64_t)ticks : 100;
}

/* Seconds since 1970 of the boot, which /proc counts the start of a process from; 0 when unknown. */
static uint64_t boot_time_s(void)
{
    FILE *stat = fopen("/proc/stat", "re");
    char *line = NULL;
    size_t room = 0;
    uint64_t found = 0;
    while (stat != NULL && found == 0 && getline(&line, &room, stat) > 0) {
        if (strncmp(line, "btime ", 6) == 0) {
            found = strtoull(line + 6, NULL, 10);
        }
    }
    free(line);
    if (stat != NULL) {
        fclose(stat);
    }
    return found;
}

/* Hundredths of a second since 1970, or 0. The name of the program, in (), may hold spaces and parentheses. */
static uint64_t start_time_cs(void)
{
    char stat[1024];
    read_proc("/proc/self/stat", stat, sizeof stat);
    char *at = strrchr(stat, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    uint64_t boot_s = boot_time_s();
    if (at == NULL || boot_s == 0) {
        return 0;
    }
    return boot_s * 100 + strtoull(at, NULL, 10) * 100 / per_second();
}

static void add_start_time(struct buf *out)
{
    static pid_t known_of; /* it never changes, and the kernel takes long to write /proc/stat */
    static uint64_t known_cs;
    if (known_of != getpid()) {
        known_of = getpid();
        known_cs = start_time_cs();
    }
    if (known_cs > 0) {
        add_head(out, "process_start_time_seconds", "gauge",
                 "Start time of the process since the Unix epoch in seconds.");
        buf_printf(out, "%llu.%02u\n", (unsigned long long)(known_cs / 100),
                   (unsigned)(known_cs % 100));
    }
}

/* 0 when unknown. */
static uint64_t open_fds(void)
{
    struct stat entry;
    if (stat("/proc/self/fd", &entry) == 0 && entry.st_size > 0) {
        return (uint64_t)entry.st_size; /* Linux 6.2 and later: no need to walk thousands of them */
    }
    DIR *fds = opendir("/proc/self/fd");
    if (fds == NULL) {
        return 0;
    }
    uint64_t count = 0;
    for (struct dirent *fd = readdir(fds); fd != NULL; fd = readdir(fds)) {
        count += fd->d_name[0] != '.';
    }
    closedir(fds);
    return count - 1; /* without the one that was open for this */
}

static void add_memory(struct buf *out)
{
    char statm[256];
    read_proc("/proc/self/statm", statm, sizeof statm);
    char *rest = statm;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t virtual_pages = strtoull(rest, &rest, 10);
    uint64_t resident_pages = strtoull(rest, &rest, 10);
    if (virtual_pages > 0) {
        add_gauge(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
                  virtual_pages * page);
        add_gauge(out, "process_resident_memory_bytes", "Resident memory size in bytes.",
                  resident_pages * page);
    }
}

void metrics_process_render(struct buf *out)
{
    struct timespec cpu;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
        add_head(out, "process_cpu_seconds_total", "counter",
                 "Total user and system CPU time spent in seconds.");
        buf_printf(out, "%lld.%06ld\n", (long long)cpu.tv_sec, cpu.tv_nsec / 1000);
    }
    add_memory(out);
    add_start_time(out);
    uint64_t fds = open_fds();
    if (fds > 0) {
        add_gauge(out, "process_open_fds", "Number of open file descriptors.", fds);
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        add_gauge(out, "process_max_fds", "Maximum number of open file descriptors.",
                  limit.rlim_cur);
    }
}
