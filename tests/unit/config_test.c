/*
 * config_test.c - where settings come from, what is refused and how it is said, and that secrets are not
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

#define SECRET "s3cr3t-value"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct settings {
    char *listen;
    char *redis_url;
    char *admin_token;
    bool verbose;
    int64_t workers, lease_ms, max_body, offset;
    struct durations schedule;
    int log_level;
};

static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

#define AT(field) offsetof(struct settings, field)

static const struct setting common_rows[] = {
    {"listen", SETTING_TEXT, "127.0.0.1:8080", 0, 20, AT(listen), "where to listen", NULL},
    {"redis_url", SETTING_TEXT, NULL, 0, 0, AT(redis_url), "the Redis server", NULL},
    {"admin_token", SETTING_SECRET, "", 0, 16, AT(admin_token), "the token of admins", NULL},
    {"verbose", SETTING_BOOL, "false", 0, 0, AT(verbose), "say more", NULL},
    {"log_level", SETTING_CHOICE, "info", 0, 0, AT(log_level), "what to log", levels},
};
static const struct setting own_rows[] = {
    {"workers", SETTING_INT, "1", 1, 64, AT(workers), "processes", NULL},
    {"lease", SETTING_DURATION, "30s", 500, 3600000, AT(lease_ms), "how long", NULL},
    {"max_body", SETTING_SIZE, "1m", 1024, 1 << 30, AT(max_body), "largest body", NULL},
    {"retry_schedule", SETTING_DURATIONS, "5s,5m,30m", 0, 86400000, AT(schedule), "waits", NULL},
    {"offset", SETTING_INT, "0", INT64_MIN + 1, INT64_MAX, AT(offset), "any number", NULL},
};
static const struct settings_table tables[] = {{common_rows, COUNT(common_rows)},
                                               {own_rows, COUNT(own_rows)}};
static const char *const known_elsewhere[] = {"url", "api_key", NULL};

/* One load: what goes in and what comes out. */
struct load {
    const char *flags[8];
    const char *variables[8];
    int operands_max;
    struct settings settings;
    struct config_request request;
    enum status status;
    char problems[4096];
    char *argv[10], *environ_[10]; /* copies, until end() */
};

static void run(struct load *load)
{
    int argc = 0;
    load->argv[argc++] = xstrdup("program");
    for (size_t i = 0; i < 8 && load->flags[i] != NULL; i++) {
        load->argv[argc++] = xstrdup(load->flags[i]);
    }
    for (size_t i = 0; i < 8 && load->variables[i] != NULL; i++) {
        load->environ_[i] = xstrdup(load->variables[i]);
    }
    const struct config_input input = {.tables = tables,
                                       .tables_count = COUNT(tables),
                                       .argc = argc,
                                       .argv = load->argv,
                                       .environ_ = load->environ_,
                                       .operands_max = load->operands_max,
                                       .known_elsewhere = known_elsewhere};
    struct buf problems;
    buf_init(&problems, sizeof load->problems - 1);
    load->status = config_load(&input, &load->settings, &load->request, &problems);
    assert_int_equal(slice_to_text(buf_slice(&problems), load->problems, sizeof load->problems),
                     STATUS_OK);
    assert_int_equal(load->status, problems.len == 0 ? STATUS_OK : STATUS_INVALID);
    assert_null(strstr(load->problems, SECRET));
    buf_fini(&problems);
}

static void end(struct load *load)
{
    config_fini(tables, COUNT(tables), &load->settings);
    assert_null(load->settings.listen);
    config_fini(tables, COUNT(tables), &load->settings);
    for (size_t i = 0; i < 10; i++) {
        free(load->argv[i]);
        free(load->environ_[i]);
    }
}

static int file = -1;
static char file_path[64];

/* In memory alone, so that nothing is left of a test that is aborted. */
static void write_file(const void *at, size_t len)
{
    file = memfd_create("config_test", MFD_CLOEXEC);
    assert_true(file >= 0);
    snprintf(file_path, sizeof file_path, "/proc/self/fd/%d", file);
    assert_true(write(file, at, len) == (ssize_t)len);
}

/* "--flag=" or "VARIABLE=" with the path of the file behind it. */
static const char *with_path(const char *prefix)
{
    static char text[128];
    snprintf(text, sizeof text, "%s%s", prefix, file_path);
    return text;
}

static void defaults_are_read_as_a_user_would_write_them(void **state)
{
    (void)state;
    struct load load = {0};
    run(&load);
    assert_string_equal(load.problems, "");
    assert_string_equal(load.settings.listen, "127.0.0.1:8080");
    assert_string_equal(load.settings.redis_url, "");
    assert_string_equal(load.settings.admin_token, "");
    assert_false(load.settings.verbose);
    assert_int_equal(load.settings.log_level, 1);
    assert_int_equal(load.settings.workers, 1);
    assert_int_equal(load.settings.lease_ms, 30000);
    assert_int_equal(load.settings.max_body, 1 << 20);
    assert_int_equal(load.settings.schedule.count, 3);
    assert_int_equal(load.settings.schedule.ms[2], 1800000);
    assert_false(load.request.help || load.request.version || load.request.check_config);
    end(&load);
}

/* Each case says which sources speak: bit 0 the file, bit 1 the environment, bit 2 a flag. */
static void a_flag_counts_more_than_a_variable_than_the_file(void **state)
{
    (void)state;
    static const char text[] = "retry-schedule = 1s\nworkers=11\n";
    write_file(text, sizeof text - 1);
    char config[128];
    snprintf(config, sizeof config, "%s", with_path("MILLRACE_CONFIG="));
    for (unsigned sources = 0; sources < 8; sources++) {
        struct load load = {0};
        size_t variables = 0;
        if (sources & 1) {
            load.variables[variables++] = config;
        }
        if (sources & 2) {
            load.variables[variables++] = "MILLRACE_WORKERS=12";
            load.variables[variables++] = "MILLRACE_RETRY_SCHEDULE=2s";
        }
        if (sources & 4) {
            load.flags[0] = "--workers=13";
            load.flags[1] = "--retry-schedule";
            load.flags[2] = "3s,4s";
        }
        run(&load);
        assert_string_equal(load.problems, "");
        static const int64_t workers[] = {1, 11, 12, 12, 13, 13, 13, 13};
        static const int64_t first_ms[] = {5000, 1000, 2000, 2000, 3000, 3000, 3000, 3000};
        assert_int_equal(load.settings.workers, workers[sources]);
        assert_int_equal(load.settings.schedule.ms[0], first_ms[sources]);
        end(&load);
    }
    close(file);
}

static void the_flag_names_another_file_than_the_variable(void **state)
{
    (void)state;
    write_file("workers = 5", 11);
    struct load load = {.flags = {"--config", file_path},
                        .variables = {"MILLRACE_CONFIG=/nonexistent"}};
    run(&load);
    assert_string_equal(load.problems, "");
    assert_int_equal(load.settings.workers, 5);
    end(&load);
    close(file);
}

static void flags_take_values_in_two_ways(void **state)
{
    (void)state;
    struct load load = {
        .flags = {"--workers", "2", "--verbose", "--offset", "-5", "--listen=a=b", "--workers=3"}};
    run(&load);
    assert_string_equal(load.problems, "");
    assert_true(load.settings.verbose);
    assert_int_equal(load.settings.workers, 3);
    assert_int_equal(load.settings.offset, -5);
    assert_string_equal(load.settings.listen, "a=b");
    end(&load);
    struct load empty = {.flags = {"--listen=", "--verbose", "no", "--redis-url", ""}};
    run(&empty);
    assert_string_equal(empty.problems, "");
    assert_string_equal(empty.settings.listen, "");
    assert_false(empty.settings.verbose);
    end(&empty);
}

static void operands_are_kept_in_order(void **state)
{
    (void)state;
    struct load load = {.flags = {"send", "--verbose", "x.y", "--", "--workers", "-"},
                        .operands_max = 4};
    run(&load);
    assert_string_equal(load.problems, "");
    assert_true(load.settings.verbose);
    assert_int_equal(load.request.operands_count, 4);
    static const char *const operands[] = {"send", "x.y", "--workers", "-"};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(load.request.operands[i], operands[i]);
    }
    end(&load);
}

static void questions_are_answered_however_wrong_the_rest_is(void **state)
{
    (void)state;
    static const char *const questions[] = {"--help", "-h", "--version"};
    for (size_t i = 0; i < COUNT(questions); i++) {
        struct load load = {.flags = {"--wrong=1", questions[i], "--workers=x"},
                            .variables = {"MILLRACE_WRONG=1"}};
        run(&load);
        assert_int_equal(load.status, STATUS_OK);
        assert_int_equal(load.request.help, i < 2);
        assert_int_equal(load.request.version, i == 2);
        end(&load);
    }
    struct load load = {.flags = {"--check-config", "--print-config"}};
    run(&load);
    assert_true(load.request.check_config && load.request.print_config);
    end(&load);
    struct load wrong = {.flags = {"--check-config", "--workers=0"}};
    run(&wrong);
    assert_string_equal(wrong.problems, "workers: \"0\" is outside 1 to 64 (--workers)\n");
    assert_false(wrong.request.check_config);
    end(&wrong);
}

static void values_at_their_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *problem; /* NULL: good */
    } cases[] = {
        {"--workers=1", NULL},
        {"--workers=64", NULL},
        {"--workers=0", "workers: \"0\" is outside 1 to 64 (--workers)\n"},
        {"--workers=65", "workers: \"65\" is outside 1 to 64 (--workers)\n"},
        {"--workers=-1", "workers: \"-1\" is outside 1 to 64 (--workers)\n"},
        {"--workers=99999999999999999999",
         "workers: \"99999999999999999999\" is outside 1 to 64 (--workers)\n"},
        {"--workers=", "workers: \"\" is not a whole number (--workers)\n"},
        {"--workers=-", "workers: \"-\" is not a whole number (--workers)\n"},
        {"--workers=+1", "workers: \"+1\" is not a whole number (--workers)\n"},
        {"--workers=1.0", "workers: \"1.0\" is not a whole number (--workers)\n"},
        {"--workers=0x1", "workers: \"0x1\" is not a whole number (--workers)\n"},
        {"--offset=9223372036854775807", NULL},
        {"--offset=-9223372036854775807", NULL},
        {"--offset=9223372036854775808",
         "offset: \"9223372036854775808\" is outside -9223372036854775807 to 9223372036854775807 "
         "(--offset)\n"},
        {"--lease=500ms", NULL},
        {"--lease=499ms", "lease: \"499ms\" is outside 500ms to 1h (--lease)\n"},
        {"--lease=1h", NULL},
        {"--lease=3600001ms", "lease: \"3600001ms\" is outside 500ms to 1h (--lease)\n"},
        {"--lease=99999999999999999999d",
         "lease: \"99999999999999999999d\" is outside 500ms to 1h (--lease)\n"},
        {"--lease=0", "lease: \"0\" is outside 500ms to 1h (--lease)\n"},
        {"--lease=30",
         "lease: \"30\" has no unit; write it such as 250ms, 30s, 5m, 2h or 1d (--lease)\n"},
        {"--lease=30sec",
         "lease: \"30sec\" is not a duration such as 250ms, 30s, 5m, 2h or 1d (--lease)\n"},
        {"--lease=", "lease: \"\" is not a duration such as 250ms, 30s, 5m, 2h or 1d (--lease)\n"},
        {"--max-body=1024", NULL},
        {"--max-body=1k", NULL},
        {"--max-body=1g", NULL},
        {"--max-body=1023", "max_body: \"1023\" is outside 1k to 1g (--max-body)\n"},
        {"--max-body=1073741825", "max_body: \"1073741825\" is outside 1k to 1g (--max-body)\n"},
        {"--max-body=8589934592g", "max_body: \"8589934592g\" is outside 1k to 1g (--max-body)\n"},
        {"--max-body=18446744073709551617k",
         "max_body: \"18446744073709551617k\" is outside 1k to 1g (--max-body)\n"},
        {"--max-body=1K",
         "max_body: \"1K\" is not a size such as 65536, 64k, 1m or 2g (--max-body)\n"},
        {"--max-body=1mb",
         "max_body: \"1mb\" is not a size such as 65536, 64k, 1m or 2g (--max-body)\n"},
        {"--max-body=k",
         "max_body: \"k\" is not a size such as 65536, 64k, 1m or 2g (--max-body)\n"},
        {"--max-body=-1k",
         "max_body: \"-1k\" is not a size such as 65536, 64k, 1m or 2g (--max-body)\n"},
        {"--max-body=", "max_body: \"\" is not a size such as 65536, 64k, 1m or 2g (--max-body)\n"},
        {"--listen=12345678901234567890", NULL},
        {"--listen=123456789012345678901",
         "listen: 21 characters are given, and 20 allowed (--listen)\n"},
        {"--listen=a\nb", "listen: character 2 is a control character (--listen)\n"},
        {"--admin-token=1234567890123456", NULL},
        {"--admin-token=" SECRET "12345",
         "admin_token: 17 characters are given, and 16 allowed (--admin-token)\n"},
        {"--admin-token=" SECRET "\r",
         "admin_token: character 13 is a control character (--admin-token)\n"},
        {"--verbose=on", NULL},
        {"--verbose=maybe", "verbose: \"maybe\" is neither true nor false (--verbose)\n"},
        {"--verbose=TRUE", "verbose: \"TRUE\" is neither true nor false (--verbose)\n"},
        {"--verbose=", "verbose: \"\" is neither true nor false (--verbose)\n"},
        {"--log-level=error", NULL},
        {"--log-level=trace",
         "log_level: \"trace\" is not one of debug, info, warn, error (--log-level)\n"},
        {"--log-level=", "log_level: \"\" is not one of debug, info, warn, error (--log-level)\n"},
        {"--retry-schedule=5s,,1s", "retry_schedule: \"\" is not a duration such as 250ms, 30s, "
                                    "5m, 2h or 1d (--retry-schedule)\n"},
        {"--retry-schedule=25h", "retry_schedule: \"25h\" is outside 0 to 1d (--retry-schedule)\n"},
        {"--workers=\x1b[31m\xff", "workers: \"?[31m?\" is not a whole number (--workers)\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct load load = {.flags = {cases[i].flag}};
        run(&load);
        assert_string_equal(load.problems, cases[i].problem == NULL ? "" : cases[i].problem);
        end(&load);
    }
}

static void booleans_have_eight_words(void **state)
{
    (void)state;
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < COUNT(words); i++) {
        struct load load = {.flags = {"--verbose", words[i]}};
        run(&load);
        assert_string_equal(load.problems, "");
        assert_int_equal(load.settings.verbose, i % 2);
        end(&load);
    }
}

static void long_values_are_cut_in_messages(void **state)
{
    (void)state;
    char flag[1000] = "--workers=";
    memset(flag + strlen(flag), 'x', sizeof flag - 11);
    struct load load = {.flags = {flag}};
    run(&load);
    assert_in_range(strlen(load.problems), 80, 130);
    assert_non_null(strstr(load.problems, "xxx...\" is not"));
    end(&load);
}

static void durations_of_a_list(void **state)
{
    (void)state;
    struct error err;
    struct durations out = {.count = 99};
    char text[512] = "";
    for (int i = 0; i < 33; i++) {
        const size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s", i == 0 ? "1s" : ", 1s");
        enum status status = config_parse_durations(slice_of(text), 0, 5000, &out, &err);
        assert_int_equal(status, i < 32 ? STATUS_OK : STATUS_LIMIT);
        assert_int_equal(out.count, i < 32 ? i + 1 : 32);
    }
    assert_string_equal(err.text, "more than 32 durations");
    static const struct {
        const char *text;
        enum status status;
    } cases[] = {{"", STATUS_INVALID},     {" ", STATUS_INVALID},    {",", STATUS_INVALID},
                 {"1s,", STATUS_INVALID},  {",1s", STATUS_INVALID},  {"1s 2s", STATUS_INVALID},
                 {"1s,6s", STATUS_LIMIT},  {"0", STATUS_OK},         {"5s", STATUS_OK},
                 {"5001ms", STATUS_LIMIT}, {" 1s\t,2s ", STATUS_OK}, {NULL, STATUS_INVALID}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct durations untouched = {.count = 99};
        enum status status =
            config_parse_durations(slice_of(cases[i].text), 0, 5000, &untouched, NULL);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(untouched.count == 99, status != STATUS_OK);
    }
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *variable, *problem;
    } cases[] = {
        {"--leese=5s", NULL, "unknown flag \"--leese\"; did you mean --lease?\n"},
        {"--retry-shedule=5s", NULL,
         "unknown flag \"--retry-shedule\"; did you mean --retry-schedule?\n"},
        {"--retry_schedule=5s", NULL,
         "unknown flag \"--retry_schedule\"; did you mean --retry-schedule?\n"},
        {"--hlep", NULL, "unknown flag \"--hlep\"; did you mean --help?\n"},
        {"--confg=x", NULL, "unknown flag \"--confg\"; did you mean --config?\n"},
        {"--chek-config", NULL, "unknown flag \"--chek-config\"; did you mean --check-config?\n"},
        {"--admn-token-file=/x", NULL,
         "unknown flag \"--admn-token-file\"; did you mean --admin-token-file?\n"},
        {"--zzz", NULL, "unknown flag \"--zzz\"\n"},
        {"--url=x", NULL, "unknown flag \"--url\"\n"},
        {"--listen-file=x", NULL, "unknown flag \"--listen-file\"\n"},
        {"-w", NULL, "unknown flag \"-w\"\n"},
        {"---", NULL, "unknown flag \"---\"\n"},
        {"--=5", NULL, "unknown flag \"--\"\n"},
        {"--check-config=yes", NULL, "--check-config: takes no value\n"},
        {NULL, "MILLRACE_WORKER=1",
         "unknown variable \"MILLRACE_WORKER\"; did you mean MILLRACE_WORKERS?\n"},
        {NULL, "MILLRACE_CONFGI=1",
         "unknown variable \"MILLRACE_CONFGI\"; did you mean MILLRACE_CONFIG?\n"},
        {NULL, "MILLRACE_ADMIN_TOKN_FILE=1",
         "unknown variable \"MILLRACE_ADMIN_TOKN_FILE\"; did you mean "
         "MILLRACE_ADMIN_TOKEN_FILE?\n"},
        {NULL, "MILLRACE_workers=1", "unknown variable \"MILLRACE_workers\"\n"},
        {NULL, "MILLRACE_ZZZ=1", "unknown variable \"MILLRACE_ZZZ\"\n"},
        {NULL, "MILLRACE_=1", "unknown variable \"MILLRACE_\"\n"},
        {NULL, "MILLRACE_HELP=1", "unknown variable \"MILLRACE_HELP\"\n"},
        {NULL, "MILLRACE_URL=1", ""},
        {NULL, "MILLRACE_API_KEY_FILE=1", ""},
        {NULL, "MILLRACE_WORKERS=", ""},
        {NULL, "MILLRACEX=1", ""},
        {NULL, "PATH=/bin", ""},
        {NULL, "no_equals", ""},
        {"--help=yes", NULL, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct load load = {.flags = {cases[i].flag}, .variables = {cases[i].variable}};
        run(&load);
        assert_string_equal(load.problems, cases[i].problem);
        end(&load);
    }
    char flag[400] = "--";
    memset(flag + 2, 'l', sizeof flag - 3);
    struct load load = {.flags = {flag}};
    run(&load);
    assert_int_equal(load.status, STATUS_INVALID);
    end(&load);
}

static void what_may_be_a_secret_is_not_repeated(void **state)
{
    (void)state;
    static const struct {
        const char *flags[4], *problems;
    } cases[] = {
        {{"--admin-tokn", SECRET}, "unknown flag \"--admin-tokn\"; did you mean --admin-token?\n"},
        {{"--admin-tokn=" SECRET}, "unknown flag \"--admin-tokn\"; did you mean --admin-token?\n"},
        {{"--admin-token", "x", SECRET},
         "argument 3: only flags are taken, such as --name=value\n"},
        {{"--verbose", SECRET}, "argument 2: only flags are taken, such as --name=value\n"},
        {{"-p" SECRET}, "unknown flag \"-p\"\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct load load = {0};
        memcpy(load.flags, cases[i].flags, sizeof cases[i].flags);
        run(&load); /* looks for the secret in the problems */
        assert_string_equal(load.problems, cases[i].problems);
        end(&load);
    }
    static const char text[] = SECRET "\nadmin_tokn = " SECRET "\n= " SECRET "\n"
                                      "admin_token = " SECRET "-and-more-than-allowed\n";
    write_file(text, sizeof text - 1);
    struct load load = {.flags = {"--config", file_path}};
    run(&load);
    assert_int_equal(load.status, STATUS_INVALID);
    end(&load);
    close(file);
}

static void values_that_are_missing(void **state)
{
    (void)state;
    struct load load = {.flags = {"--workers", "--lease", "--listen=x", "--config"}};
    run(&load);
    assert_string_equal(load.problems, "--workers: needs a value\n--lease: needs a value\n"
                                       "--config: needs a value\n");
    end(&load);
    struct load more = {.flags = {"a", "b", "c"}, .operands_max = 1};
    run(&more);
    assert_string_equal(more.problems, "argument 2: at most 1 are taken besides flags\n"
                                       "argument 3: at most 1 are taken besides flags\n");
    end(&more);
}

static void lines_of_the_file(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *problem; /* behind the file's name */
    } cases[] = {
        {SLICE(""), ""},
        {SLICE("\n\n  # workers = 99\r\n\t\n"), ""},
        {SLICE("  workers  =  7  \r\n"), ""},
        {SLICE("retry-schedule=1s, 2s"), ""},
        {SLICE("url = x\napi_key_file = y\n"), ""},
        {SLICE("redis_url = redis://h/#1 # no comment"), ""},
        {SLICE("\nworkers\n"), ", line 2: not of the form name = value\n"},
        {SLICE("= 5"), ", line 1: not of the form name = value\n"},
        {SLICE("\n\nlese = 5s"), ", line 3: unknown setting \"lese\"; did you mean lease?\n"},
        {SLICE("WORKERS = 5"), ", line 1: unknown setting \"WORKERS\"\n"},
        {SLICE("config = x"), ", line 1: unknown setting \"config\"\n"},
        {SLICE("a\0b = 5"), ", line 1: unknown setting \"a?b\"\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file(cases[i].text.at, cases[i].text.len);
        struct load load = {.flags = {"--config", file_path}};
        run(&load);
        char expected[256] = "";
        if (cases[i].problem[0] != '\0') {
            snprintf(expected, sizeof expected, "%s%s", file_path, cases[i].problem);
        }
        assert_string_equal(load.problems, expected);
        end(&load);
        close(file);
    }
}

static void a_bad_value_is_told_with_its_place(void **state)
{
    (void)state;
    static const char text[] = "\nworkers = x\nlease = 5s\nlease = 6s\nlisten = a\0b\n";
    write_file(text, sizeof text - 1);
    struct load load = {.flags = {"--config", file_path}, .variables = {"MILLRACE_MAX_BODY=1x"}};
    run(&load);
    char expected[512];
    snprintf(expected, sizeof expected,
             "lease: given twice (%s, line 4)\n"
             "listen: character 2 is a control character (%s, line 5)\n"
             "workers: \"x\" is not a whole number (%s, line 2)\n"
             "max_body: \"1x\" is not a size such as 65536, 64k, 1m or 2g (MILLRACE_MAX_BODY)\n",
             file_path, file_path, file_path);
    assert_string_equal(load.problems, expected);
    end(&load);
    close(file);
    struct load absent = {.flags = {"--config=/nonexistent/x"}};
    run(&absent);
    assert_string_equal(absent.problems, "config: /nonexistent/x: No such file or directory\n");
    end(&absent);
    struct load folder = {.flags = {"--config=/"}};
    run(&folder);
    assert_string_equal(folder.problems, "config: /: Is a directory\n");
    end(&folder);
}

static void a_file_of_one_mebibyte_is_the_largest(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        size_t len = (1 << 20) + over;
        char *text = test_malloc(len);
        memset(text, '\n', len);
        memcpy(text, "workers=9", 9);
        write_file(text, len);
        struct load load = {.flags = {"--config", file_path}};
        run(&load);
        assert_int_equal(load.status, over == 0 ? STATUS_OK : STATUS_INVALID);
        assert_int_equal(load.settings.workers, over == 0 ? 9 : 1);
        end(&load);
        close(file);
        test_free(text);
    }
}

static void secrets_come_from_files(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *secret, *problem;
    } cases[] = {
        {SLICE(SECRET), SECRET, NULL},
        {SLICE(SECRET "\n"), SECRET, NULL},
        {SLICE(SECRET "\r\nsecond line"), SECRET, NULL},
        {SLICE(" " SECRET " \n"), " " SECRET " ", NULL},
        {SLICE("1234567890123456"), "1234567890123456", NULL},
        {SLICE("12345678901234567"), NULL, "admin_token: 17 characters are given, and 16 allowed"},
        {SLICE(""), NULL, "first line is empty"},
        {SLICE("\n" SECRET), NULL, "first line is empty"},
        {SLICE(SECRET "\0x"), NULL, "character 13 is a control character"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        write_file(cases[i].text.at, cases[i].text.len);
        static const char *const prefixes[] = {"--admin-token-file=", "MILLRACE_ADMIN_TOKEN_FILE="};
        for (size_t source = 0; source < 2; source++) {
            struct load load = {0};
            *(source == 0 ? load.flags : load.variables) = with_path(prefixes[source]);
            run(&load);
            if (cases[i].secret != NULL) {
                assert_string_equal(load.problems, "");
                assert_string_equal(load.settings.admin_token, cases[i].secret);
            } else {
                assert_non_null(strstr(load.problems, cases[i].problem));
                assert_null(load.settings.admin_token);
            }
            end(&load);
        }
        close(file);
    }
    struct load absent = {.variables = {"MILLRACE_ADMIN_TOKEN_FILE=/nonexistent"}};
    run(&absent);
    assert_string_equal(absent.problems, "admin_token: /nonexistent: No such file or directory "
                                         "(MILLRACE_ADMIN_TOKEN_FILE)\n");
    end(&absent);
}

static void a_secret_is_given_once(void **state)
{
    (void)state;
    struct load both = {
        .variables = {"MILLRACE_ADMIN_TOKEN=" SECRET, "MILLRACE_ADMIN_TOKEN_FILE=/dev/null"}};
    run(&both);
    assert_non_null(
        strstr(both.problems, "admin_token: given twice (MILLRACE_ADMIN_TOKEN_FILE)\n"));
    end(&both);
    struct load flags = {.flags = {"--admin-token-file=/dev/null", "--admin-token=" SECRET}};
    run(&flags);
    assert_string_equal(flags.problems, "admin_token: given twice (--admin-token)\n");
    end(&flags);
    /* A stronger source is no second one: the file of the weaker is not even opened. */
    struct load stronger = {.flags = {"--admin-token=" SECRET},
                            .variables = {"MILLRACE_ADMIN_TOKEN_FILE=/nonexistent"}};
    run(&stronger);
    assert_string_equal(stronger.problems, "");
    assert_string_equal(stronger.settings.admin_token, SECRET);
    end(&stronger);
}

static char *printed(const struct settings *settings)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (settings != NULL) {
        config_print(out, tables, COUNT(tables), settings);
    } else {
        config_print_help(out, "millrace-test", "a program", tables, COUNT(tables));
    }
    fclose(out);
    assert_null(strstr(text, SECRET));
    return text;
}

static void prints_all_but_secrets_and_reads_it_back(void **state)
{
    (void)state;
    struct load load = {.flags = {"--admin-token=" SECRET, "--lease=90s", "--max-body=1536",
                                  "--retry-schedule=0,250ms,24h", "--offset=-7", "--verbose",
                                  "--redis-url=redis://user:" SECRET "@host:6379/1"}};
    run(&load);
    assert_string_equal(load.problems, "");
    char *text = printed(&load.settings);
    assert_string_equal(text, "listen = 127.0.0.1:8080\n"
                              "redis_url = redis://(hidden)@host:6379/1\n"
                              "admin_token = (set)\n"
                              "verbose = true\n"
                              "log_level = info\n"
                              "workers = 1\n"
                              "lease = 90s\n"
                              "max_body = 1536\n"
                              "retry_schedule = 0,250ms,1d\n"
                              "offset = -7\n");
    end(&load);
    write_file(text, strlen(text));
    free(text);
    struct load again = {.flags = {"--config", file_path, "--admin-token="}};
    run(&again);
    assert_string_equal(again.problems, "");
    assert_int_equal(again.settings.lease_ms, 90000);
    assert_int_equal(again.settings.schedule.ms[2], 86400000);
    text = printed(&again.settings);
    assert_non_null(strstr(text, "admin_token = (unset)\nverbose = true\n"));
    free(text);
    end(&again);
    close(file);
}

static void help_names_every_setting(void **state)
{
    (void)state;
    char *text = printed(NULL);
    static const char *const parts[] = {
        "millrace-test - a program\n",
        "  --listen TEXT                   where to listen [127.0.0.1:8080]\n",
        "  --redis-url TEXT                the Redis server\n",
        "  --admin-token SECRET            the token of admins\n",
        "  --admin-token-file PATH         the same",
        ("  --log-level debug|info|warn|error\n"
         "                                  what to log [info]\n"),
        "  --retry-schedule DURATION,...   waits [5s,5m,30m]\n",
        "  --workers N ",
        "  --lease DURATION ",
        "  --max-body SIZE ",
        "  --verbose BOOL ",
        "  --config PATH ",
        "  --check-config ",
    };
    for (size_t i = 0; i < COUNT(parts); i++) {
        if (strstr(text, parts[i]) == NULL) {
            fail_msg("no %s in:\n%s", parts[i], text);
        }
    }
    free(text);
}

static void the_nearest_name(void **state)
{
    (void)state;
    static const char *const names[] = {"send",      "listen", "tail", "explain",
                                        "endpoints", "dlq",    "ab"};
    static const struct {
        const char *text, *nearest;
    } cases[] = {
        {"send", "send"},
        {"sned", "send"},
        {"sen", "send"},
        {"sendd", "send"},
        {"xend", "send"},
        {"nsed", NULL},
        {"lisen", "listen"},
        {"silent", NULL},
        {"silten", "listen"},
        {"exp", NULL},
        {"explian", "explain"},
        {"dql", "dlq"},
        {"endpoint", "endpoints"},
        {"endpt", NULL},
        {"endpnt", "endpoints"},
        {"abc", NULL},
        {"", NULL},
        {"LISTEN", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *nearest = config_nearest(cases[i].text, names, COUNT(names));
        if (cases[i].nearest == NULL) {
            assert_null(nearest);
        } else {
            assert_non_null(nearest);
            assert_string_equal(nearest, cases[i].nearest);
        }
    }
    assert_null(config_nearest("x", NULL, 0));
    char text[66];
    memset(text, 'a', 65);
    text[65] = '\0';
    const char *const long_names[] = {text};
    assert_null(config_nearest(text, long_names, 1));
    assert_non_null(config_nearest(text + 1, (const char *const[]){text + 1}, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_read_as_a_user_would_write_them),
        cmocka_unit_test(a_flag_counts_more_than_a_variable_than_the_file),
        cmocka_unit_test(the_flag_names_another_file_than_the_variable),
        cmocka_unit_test(flags_take_values_in_two_ways),
        cmocka_unit_test(operands_are_kept_in_order),
        cmocka_unit_test(questions_are_answered_however_wrong_the_rest_is),
        cmocka_unit_test(values_at_their_bounds),
        cmocka_unit_test(booleans_have_eight_words),
        cmocka_unit_test(long_values_are_cut_in_messages),
        cmocka_unit_test(durations_of_a_list),
        cmocka_unit_test(unknown_names_are_refused_with_the_nearest),
        cmocka_unit_test(what_may_be_a_secret_is_not_repeated),
        cmocka_unit_test(values_that_are_missing),
        cmocka_unit_test(lines_of_the_file),
        cmocka_unit_test(a_bad_value_is_told_with_its_place),
        cmocka_unit_test(a_file_of_one_mebibyte_is_the_largest),
        cmocka_unit_test(secrets_come_from_files),
        cmocka_unit_test(a_secret_is_given_once),
        cmocka_unit_test(prints_all_but_secrets_and_reads_it_back),
        cmocka_unit_test(help_names_every_setting),
        cmocka_unit_test(the_nearest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
