/*
 * config_flags.c - the command line and the environment
 *
 * A value that belongs to no known flag may be a secret behind a mistyped one: it is never repeated in a message.
 */
#include "config_parts.h"

#include <string.h>

#include "must.h"

/* A flag on its way: what stands between -- and =, and the value if there is one. */
struct flag {
    struct slice name; /* in snake_case, in the buffer below */
    char snake[128];
    struct slice value;
    bool has_value;
};

static bool read_flag(const char *argument, struct flag *flag)
{
    struct slice rest = slice_from(slice_of(argument), 2);
    flag->has_value = strchr(argument, '=') != NULL;
    struct slice name = slice_cut(&rest, '=');
    flag->value = rest;
    if (slice_to_text(name, flag->snake, sizeof flag->snake) != STATUS_OK) {
        return false;
    }
    for (char *at = flag->snake; *at != '\0'; at++) {
        /* --retry_schedule is not a second way to say it: with a - it becomes an unknown name, near to the right one. */
        *at = *at == '-' ? '_' : *at == '_' ? '-' : *at;
    }
    flag->name = slice_of(flag->snake);
    return true;
}

static bool is_flag(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0' && !(argument[1] >= '0' && argument[1] <= '9');
}

/* --help and its like. False when the flag is another one. */
static bool read_request(struct config_load *load, const struct flag *flag)
{
    const struct {
        const char *name;
        bool *asked;
    } requests[] = {{"help", &load->request.help},
                    {"version", &load->request.version},
                    {"check_config", &load->request.check_config},
                    {"print_config", &load->request.print_config}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        if (!slice_is(flag->name, requests[i].name)) {
            continue;
        }
        *requests[i].asked = true;
        if (flag->has_value) {
            struct buf *out = config_problem(load);
            config_add_name(out, SOURCE_FLAG, requests[i].name, "");
            buf_add_text(out, ": takes no value\n");
        }
        return true;
    }
    return false;
}

static void unknown_flag(struct config_load *load, struct slice shown, const struct flag *flag)
{
    struct buf *out = config_problem(load);
    buf_printf(out, "unknown flag %s", config_quote(shown).text);
    if (flag != NULL) {
        config_add_suggestion(out, load, SOURCE_FLAG, flag->name);
    }
    buf_add_char(out, '\n');
}

/* The value of a flag without =, if the next argument is one. A boolean takes only a word for one. */
static bool next_is_value(const struct config_given *given, const char *next)
{
    if (next == NULL || is_flag(next)) {
        return false;
    }
    if (given == NULL || given->row->type != SETTING_BOOL) {
        return true;
    }
    bool ignored;
    const struct setting bare = {.type = SETTING_BOOL};
    return config_value_set(&bare, slice_of(next), &ignored, NULL) == STATUS_OK;
}

static void take_flag(struct config_load *load, const struct flag *flag, struct config_given *given,
                      bool is_path)
{
    bool is_bare_bool = given != NULL && given->row->type == SETTING_BOOL && !flag->has_value;
    if (!flag->has_value && !is_bare_bool) {
        struct buf *out = config_problem(load);
        config_add_name(out, SOURCE_FLAG, flag->snake, "");
        buf_add_text(out, ": needs a value\n");
    } else if (given == NULL) {
        load->path = flag->value;
    } else {
        config_offer(load, given,
                     &(struct config_given){.source = SOURCE_FLAG,
                                            .text = is_bare_bool ? SLICE("true") : flag->value,
                                            .is_path = is_path});
    }
}

/* Returns how many arguments were used: 1, or 2 with a value behind the flag. */
static int read_argument(struct config_load *load, const char *argument, const char *next)
{
    struct slice whole = slice_of(argument);
    struct slice shown = slice_cut(&whole, '=');
    if (!slice_starts(shown, "--")) {
        shown.len = 2; /* -pSECRET, as other programs take it */
    }
    struct flag flag = {0};
    if (strcmp(argument, "-h") == 0) {
        load->request.help = true;
        return 1;
    }
    bool is_readable = slice_starts(shown, "--") && read_flag(argument, &flag);
    if (is_readable && read_request(load, &flag)) {
        return 1;
    }
    bool is_path = false;
    bool is_config = is_readable && slice_is(flag.name, "config");
    struct config_given *given = is_readable ? config_find(load, flag.name, &is_path) : NULL;
    int used = 1;
    if (!flag.has_value && next_is_value(given, next)) {
        flag.value = slice_of(next);
        flag.has_value = true;
        used = 2;
    }
    if (given == NULL && !is_config) {
        unknown_flag(load, shown, is_readable ? &flag : NULL);
    } else {
        take_flag(load, &flag, given, is_path);
    }
    return used;
}

static void read_operand(struct config_load *load, const char *argument, int place)
{
    struct config_request *request = &load->request;
    if (request->operands_count < load->input->operands_max) {
        request->operands[request->operands_count++] = argument;
    } else if (load->input->operands_max == 0) {
        buf_printf(config_problem(load),
                   "argument %d: only flags are taken, such as --name=value\n", place);
    } else {
        buf_printf(config_problem(load), "argument %d: at most %d are taken besides flags\n", place,
                   load->input->operands_max);
    }
}

void config_read_flags(struct config_load *load)
{
    const struct config_input *input = load->input;
    must(input->operands_max >= 0 &&
         (size_t)input->operands_max <= sizeof load->request.operands / sizeof(char *));
    bool is_past_flags = false;
    int i = 1;
    while (i < input->argc) {
        const char *argument = input->argv[i];
        if (!is_past_flags && strcmp(argument, "--") == 0) {
            is_past_flags = true;
            i++;
        } else if (!is_past_flags && is_flag(argument)) {
            i += read_argument(load, argument, i + 1 < input->argc ? input->argv[i + 1] : NULL);
        } else {
            read_operand(load, argument, i);
            i++;
        }
    }
}

static void read_variable(struct config_load *load, struct slice variable, struct slice value)
{
    char snake[128] = "";
    struct slice name = slice_from(variable, SLICE("MILLRACE_").len);
    bool is_path = false;
    bool is_readable = slice_to_text(name, snake, sizeof snake) == STATUS_OK;
    for (char *at = snake; is_readable && *at != '\0'; at++) {
        /* Only upper-case names are variables of ours; the others become names that no setting has. */
        *at = *at >= 'A' && *at <= 'Z'   ? (char)(*at + ('a' - 'A'))
              : *at >= 'a' && *at <= 'z' ? (char)(*at - ('a' - 'A'))
                                         : *at;
    }
    if (strcmp(snake, "config") == 0) {
        load->path = load->path.len == 0 ? value : load->path;
        return;
    }
    struct config_given *given = config_find(load, slice_of(snake), &is_path);
    if (given == NULL && !config_is_elsewhere(load, snake)) {
        struct buf *out = config_problem(load);
        buf_printf(out, "unknown variable %s", config_quote(variable).text);
        config_add_suggestion(out, load, SOURCE_VARIABLE, slice_of(snake));
        buf_add_char(out, '\n');
    } else if (given != NULL && value.len > 0) {
        config_offer(
            load, given,
            &(struct config_given){.source = SOURCE_VARIABLE, .text = value, .is_path = is_path});
    }
}

void config_read_variables(struct config_load *load)
{
    for (char **at = load->input->environ_; at != NULL && *at != NULL; at++) {
        struct slice value = slice_of(*at);
        struct slice variable = slice_cut(&value, '=');
        if (slice_starts(variable, "MILLRACE_")) {
            read_variable(load, variable, value);
        }
    }
}
