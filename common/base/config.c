/*
 * config.c - settings from their sources, see config.h
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "config_parts.h"
#include "must.h"

enum { FILE_MAX = 1 << 20, SECRET_FILE_MAX = 64 << 10 };

struct buf *config_problem(struct config_load *load)
{
    load->problems_count++;
    return load->problems;
}

struct config_given *config_find(struct config_load *load, struct slice name, bool *out_is_path)
{
    for (size_t i = 0; i < load->count; i++) {
        if (slice_is(name, load->given[i].row->name)) {
            *out_is_path = false;
            return &load->given[i];
        }
    }
    for (size_t i = 0; i < load->count; i++) {
        const struct setting *row = load->given[i].row;
        if (row->type == SETTING_SECRET && slice_starts(name, row->name) &&
            slice_is(slice_from(name, strlen(row->name)), "_file")) {
            *out_is_path = true;
            return &load->given[i];
        }
    }
    return NULL;
}

static bool is_here(const struct config_load *load, const char *name)
{
    for (size_t i = 0; i < load->count; i++) {
        if (strcmp(load->given[i].row->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A setting that is here too is not looked for elsewhere: with _file, it is a mistake unless it is a secret. */
bool config_is_elsewhere(const struct config_load *load, const char *name)
{
    const char *const *known = load->input->known_elsewhere;
    for (; known != NULL && *known != NULL; known++) {
        size_t len = strlen(*known);
        if (strncmp(name, *known, len) == 0 && !is_here(load, *known) &&
            (name[len] == '\0' || strcmp(name + len, "_file") == 0)) {
            return true;
        }
    }
    return false;
}

void config_add_source(struct buf *out, const struct config_load *load,
                       const struct config_given *given)
{
    if (given->source == SOURCE_FILE) {
        buf_printf(out, " (%.*s, line %zu)", (int)load->path.len, load->path.at, given->line);
        return;
    }
    buf_add_text(out, " (");
    config_add_name(out, given->source, given->row->name, given->is_path ? "_file" : "");
    buf_add_text(out, ")");
}

void config_offer(struct config_load *load, struct config_given *given,
                  const struct config_given *offer)
{
    if (offer->source < given->source) {
        return;
    }
    bool is_again = offer->source == given->source;
    const struct setting *row = given->row;
    bool is_repeat = is_again && offer->source == SOURCE_FLAG && offer->is_path == given->is_path;
    *given = *offer;
    given->row = row;
    if (is_again && !is_repeat) {
        struct buf *out = config_problem(load);
        buf_printf(out, "%s: given twice", row->name);
        config_add_source(out, load, given);
        buf_add_char(out, '\n');
    }
}

static void start(struct config_load *load)
{
    const struct config_input *input = load->input;
    for (size_t i = 0; i < input->tables_count; i++) {
        load->count += input->tables[i].count;
    }
    load->given = xcalloc(load->count, sizeof *load->given);
    size_t at = 0;
    for (size_t i = 0; i < input->tables_count; i++) {
        for (size_t j = 0; j < input->tables[i].count; j++) {
            const struct setting *row = &input->tables[i].rows[j];
            load->given[at++] = (struct config_given){.row = row, .text = slice_of(row->fallback)};
        }
    }
    buf_init(&load->file, FILE_MAX + 1);
}

/* The first line of the file that given names. */
static enum status read_secret_file(const struct config_given *given, void *settings,
                                    struct error *err)
{
    struct buf file;
    buf_init(&file, SECRET_FILE_MAX + 1);
    char *path = xslicedup(given->text);
    enum status status = config_slurp(path, &file, err);
    if (status == STATUS_OK) {
        struct slice rest = buf_slice(&file);
        struct slice line = slice_cut(&rest, '\n');
        line.len -= line.len > 0 && line.at[line.len - 1] == '\r';
        if (line.len == 0) {
            error_set(err, "%s: the first line is empty", path);
            status = STATUS_INVALID;
        } else {
            status = config_value_set(given->row, line, settings, err);
        }
    }
    free(path);
    if (file.len > 0) {
        explicit_bzero(file.at, file.len);
    }
    buf_fini(&file);
    return status;
}

static void read_values(struct config_load *load, void *settings)
{
    for (size_t i = 0; i < load->count; i++) {
        const struct config_given *given = &load->given[i];
        struct error err;
        enum status status = given->is_path
                                 ? read_secret_file(given, settings, &err)
                                 : config_value_set(given->row, given->text, settings, &err);
        if (status == STATUS_OK) {
            continue;
        }
        must(given->source != SOURCE_DEFAULT);
        struct buf *out = config_problem(load);
        buf_printf(out, "%s: %s", given->row->name, err.text);
        config_add_source(out, load, given);
        buf_add_char(out, '\n');
    }
}

enum status config_load(const struct config_input *input, void *settings,
                        struct config_request *out_request, struct buf *problems)
{
    struct config_load load = {.input = input, .problems = problems};
    start(&load);
    config_read_flags(&load);
    /* Who asks how to use the program is answered, however wrong the rest is. */
    bool is_question = load.request.help || load.request.version;
    if (!is_question) {
        config_read_variables(&load);
        config_read_file(&load);
        read_values(&load, settings);
    } else {
        buf_clear(problems);
        load.problems_count = 0;
    }
    if (load.problems_count == 0) {
        *out_request = load.request;
    }
    if (load.file.len > 0) {
        explicit_bzero(load.file.at, load.file.len);
    }
    buf_fini(&load.file);
    free(load.given);
    return load.problems_count == 0 ? STATUS_OK : STATUS_INVALID;
}

static void fini_row(const struct setting *row, void *settings)
{
    if (row->type != SETTING_TEXT && row->type != SETTING_SECRET) {
        return;
    }
    char **text = (void *)((char *)settings + row->offset);
    if (*text != NULL) {
        explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

void config_fini(const struct settings_table *tables, size_t tables_count, void *settings)
{
    for (size_t i = 0; i < tables_count; i++) {
        for (size_t j = 0; j < tables[i].count; j++) {
            fini_row(&tables[i].rows[j], settings);
        }
    }
}
