/*
 * config_print.c - --help and --print-config, see config.h
 */
#include "config_parts.h"

#include <string.h>

enum { HELP_COLUMN = 34, LINE_MAX_LEN = 2 << 20 };

/* The largest first: the first one that divides a value is how it is written. */
static const struct config_unit time_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
const struct config_unit config_size_units[] = {
    {"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}};

static void add_in_units(struct buf *out, const struct config_unit *unit, int64_t value)
{
    while (value % unit->size != 0) {
        unit++;
    }
    buf_add_i64(out, value == 0 ? 0 : value / unit->size);
    buf_add_text(out, value == 0 ? "" : unit->name);
}

void config_add_number(struct buf *out, enum setting_type type, int64_t value)
{
    if (type == SETTING_INT) {
        buf_add_i64(out, value);
    } else {
        add_in_units(out, type == SETTING_SIZE ? config_size_units : time_units, value);
    }
}

static void add_placeholder(struct buf *out, const struct setting *row)
{
    static const char *const words[] = {
        [SETTING_TEXT] = "TEXT",         [SETTING_SECRET] = "SECRET",
        [SETTING_BOOL] = "BOOL",         [SETTING_INT] = "N",
        [SETTING_DURATION] = "DURATION", [SETTING_DURATIONS] = "DURATION,...",
        [SETTING_SIZE] = "SIZE",         [SETTING_CHOICE] = "",
    };
    buf_add_text(out, words[row->type]);
    for (size_t i = 0; row->type == SETTING_CHOICE && row->choices[i] != NULL; i++) {
        buf_add_text(out, i > 0 ? "|" : "");
        buf_add_text(out, row->choices[i]);
    }
}

static void print_line(FILE *out, struct buf *left, const char *help)
{
    bool is_long = left->len >= HELP_COLUMN;
    fprintf(out, "%-*.*s%s", HELP_COLUMN, (int)left->len, left->at, is_long ? "\n" : "");
    fprintf(out, "%*s%s", is_long ? HELP_COLUMN : 0, "", help);
    buf_clear(left);
}

static void print_row_help(FILE *out, struct buf *left, const struct setting *row)
{
    buf_add_text(left, "  ");
    config_add_name(left, SOURCE_FLAG, row->name, "");
    buf_add_char(left, ' ');
    add_placeholder(left, row);
    print_line(out, left, row->help);
    if (row->fallback != NULL && row->fallback[0] != '\0') {
        fprintf(out, " [%s]", row->fallback);
    }
    fputc('\n', out);
    if (row->type == SETTING_SECRET) {
        buf_add_text(left, "  ");
        config_add_name(left, SOURCE_FLAG, row->name, "_file");
        buf_add_text(left, " PATH");
        print_line(out, left, "the same, from the first line of a file\n");
    }
}

void config_print_help(FILE *out, const char *program, const char *summary,
                       const struct settings_table *tables, size_t count)
{
    fprintf(out,
            "%s - %s\n\n"
            "Each setting is a flag, a variable or a line of a file: --retry-schedule 5s,5m,\n"
            "MILLRACE_RETRY_SCHEDULE=5s,5m, retry_schedule = 5s,5m. A flag counts more than a\n"
            "variable, and a variable more than the file. Durations: ms s m h d. Sizes: k m g.\n\n",
            program, summary);
    struct buf left;
    buf_init(&left, 256);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tables[i].count; j++) {
            print_row_help(out, &left, &tables[i].rows[j]);
        }
    }
    static const char *const own[][2] = {
        {"  --config PATH", "the file of settings\n"},
        {"  --check-config", "read all settings, say what is wrong with them, and exit\n"},
        {"  --print-config", "print all settings but secrets, and exit\n"},
        {"  --help", "print this, and exit\n"},
        {"  --version", "print the version, and exit\n"},
    };
    fputc('\n', out);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        buf_add_text(&left, own[i][0]);
        print_line(out, &left, own[i][1]);
    }
    buf_fini(&left);
}

/* redis://user:password@host is shown as redis://(hidden)@host. */
static void add_text(struct buf *out, const char *text)
{
    const char *authority = strstr(text, "://");
    const char *host = authority == NULL ? NULL : strrchr(authority, '@');
    if (host == NULL) {
        buf_add_text(out, text);
        return;
    }
    buf_add(out, text, (size_t)(authority + 3 - text));
    buf_add_text(out, "(hidden)");
    buf_add_text(out, host);
}

static void add_durations(struct buf *out, const struct durations *durations)
{
    for (size_t i = 0; i < durations->count; i++) {
        buf_add_text(out, i > 0 ? "," : "");
        add_in_units(out, time_units, durations->ms[i]);
    }
}

static void add_value(struct buf *out, const struct setting *row, const void *settings)
{
    const void *field = (const char *)settings + row->offset;
    switch (row->type) {
    case SETTING_TEXT:
        add_text(out, *(char *const *)field);
        break;
    case SETTING_SECRET:
        buf_add_text(out, **(char *const *)field != '\0' ? "(set)" : "(unset)");
        break;
    case SETTING_BOOL:
        buf_add_text(out, *(const bool *)field ? "true" : "false");
        break;
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE:
        config_add_number(out, row->type, *(const int64_t *)field);
        break;
    case SETTING_DURATIONS:
        add_durations(out, field);
        break;
    case SETTING_CHOICE:
        buf_add_text(out, row->choices[*(const int *)field]);
        break;
    }
}

void config_print(FILE *out, const struct settings_table *tables, size_t count,
                  const void *settings)
{
    struct buf line;
    buf_init(&line, LINE_MAX_LEN);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < tables[i].count; j++) {
            buf_add_text(&line, tables[i].rows[j].name);
            buf_add_text(&line, " = ");
            add_value(&line, &tables[i].rows[j], settings);
            buf_add_char(&line, '\n');
            fwrite(line.at, 1, line.len, out);
            buf_clear(&line);
        }
    }
    buf_fini(&line);
}
