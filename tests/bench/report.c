#include "report.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void report_write(const char *path, const struct buf *text)
{
    char draft[4096];
    if ((size_t)snprintf(draft, sizeof draft, "%s.draft", path) >= sizeof draft)
        errx(EXIT_FAILURE, "%s: too long a path", path);
    FILE *file = fopen(draft, "w");
    if (!file || fwrite(text->at, 1, text->len, file) != text->len || fclose(file) != 0 ||
        rename(draft, path) != 0)
        err(EXIT_FAILURE, "%s", path);
}

enum status report_find_number(struct slice body, struct slice marker, uint64_t *out)
{
    const char *found = body.len > 0 ? memmem(body.at, body.len, marker.at, marker.len) : NULL;
    if (!found)
        return STATUS_ABSENT;
    struct slice rest = slice_from(body, (size_t)(found - body.at) + marker.len);
    size_t start = 0, end;
    while (start < rest.len && strchr("\\\": ", rest.at[start]) && rest.at[start] != '\0')
        start++;
    for (end = start; end < rest.len && rest.at[end] >= '0' && rest.at[end] <= '9';)
        end++;
    if (slice_to_u64((struct slice){rest.at + start, end - start}, UINT64_MAX, out) != STATUS_OK)
        return STATUS_ABSENT;
    return STATUS_OK;
}

int64_t report_cpu_us(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        err(EXIT_FAILURE, "CLOCK_PROCESS_CPUTIME_ID");
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}
