/*
 * config_file.c - the lines of the file of --config, and the files of secrets
 *
 * A message names a line by its number: what stands there may be a secret.
 */
#include "config_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum status read_all(int fd, struct buf *out, const char *path, struct error *err)
{
    for (;;) {
        size_t left = out->max - out->len;
        size_t want = left < 4096 ? left : 4096;
        if (want == 0) {
            error_set(err, "%s: %zu bytes or more", path, out->max);
            return STATUS_LIMIT;
        }
        ssize_t len = read(fd, buf_reserve(out, want), want);
        if (len == 0) {
            return STATUS_OK;
        }
        if (len > 0) {
            buf_grew(out, (size_t)len);
        } else if (errno != EINTR) {
            error_set(err, "%s: %s", path, strerror(errno));
            return STATUS_FAILED;
        }
    }
}

enum status config_slurp(const char *path, struct buf *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_set(err, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? STATUS_ABSENT : STATUS_DENIED;
    }
    enum status status = read_all(fd, out, path, err);
    close(fd);
    return status;
}

/* retry-schedule may be written for retry_schedule. False when the name is too long to be one. */
static bool to_snake(struct slice name, char *out, size_t size)
{
    if (slice_to_text(name, out, size) != STATUS_OK) {
        return false;
    }
    for (; *out != '\0'; out++) {
        *out = *out == '-' ? '_' : *out;
    }
    return true;
}

static void read_line(struct config_load *load, struct slice line, size_t number)
{
    line = slice_trim(line);
    if (line.len == 0 || line.at[0] == '#') {
        return;
    }
    struct slice value = line;
    struct slice name = slice_trim(slice_cut(&value, '='));
    int path_len = (int)load->path.len;
    if (name.len == line.len || name.len == 0) {
        buf_printf(config_problem(load), "%.*s, line %zu: not of the form name = value\n", path_len,
                   load->path.at, number);
        return;
    }
    char snake[128] = "";
    bool is_path = false;
    struct config_given *given = NULL;
    if (to_snake(name, snake, sizeof snake)) {
        given = config_find(load, slice_of(snake), &is_path);
    }
    if (given != NULL) {
        config_offer(load, given,
                     &(struct config_given){.source = SOURCE_FILE,
                                            .text = slice_trim(value),
                                            .is_path = is_path,
                                            .line = number});
        return;
    }
    if (config_is_elsewhere(load, snake)) {
        return;
    }
    struct buf *out = config_problem(load);
    buf_printf(out, "%.*s, line %zu: unknown setting %s", path_len, load->path.at, number,
               config_quote(name).text);
    config_add_suggestion(out, load, SOURCE_FILE, slice_of(snake));
    buf_add_char(out, '\n');
}

void config_read_file(struct config_load *load)
{
    if (load->path.len == 0) {
        return;
    }
    struct error err;
    char *path = xslicedup(load->path);
    enum status status = config_slurp(path, &load->file, &err);
    free(path);
    if (status != STATUS_OK) {
        buf_printf(config_problem(load), "config: %s\n", err.text);
        return;
    }
    struct slice rest = buf_slice(&load->file);
    for (size_t number = 1; rest.len > 0; number++) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.len > 0 && line.at[line.len - 1] == '\r') {
            line.len--;
        }
        read_line(load, line, number);
    }
}
