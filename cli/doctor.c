/*
 * doctor.c - millrace doctor: is all well, and what to do where it is not
 */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "print.h"

#define SENTENCE_MAX 1024
#define DAY_MS (24LL * 3600 * 1000)

struct doctor_settings {
    struct cli_settings common;
    char *admin;
    int64_t lease_ms;
};

#define AT(field) offsetof(struct doctor_settings, field)
static const struct setting rows[] = {
    {"admin", SETTING_TEXT, "127.0.0.1:9090,127.0.0.1:9091,127.0.0.1:9092", 0, 0, AT(admin),
     "admin ports of ingest, processor and dispatcher, in this order", NULL},
    {"lease", SETTING_DURATION, "30s", 500, DAY_MS, AT(lease_ms),
     "the lease of the services; who shows no sign for two of them is silent", NULL},
};

const char *const finding_names[FINDINGS] = {
    [FINDING_OK] = "ok", [FINDING_WARN] = "warn", [FINDING_FAIL] = "fail"};

void doctor_say(struct doctor *doctor, enum finding finding, const char *subject,
                const char *format, ...)
{
    static const enum paint paints[FINDINGS] = {PAINT_GOOD, PAINT_DOUBTFUL, PAINT_BAD};
    struct json_writer *json = &doctor->writer;
    const char *name = finding_names[finding];
    char sentence[SENTENCE_MAX];
    va_list values;

    va_start(values, format);
    vsnprintf(sentence, sizeof sentence, format, values);
    va_end(values);
    doctor->counts[finding]++;
    if (doctor->json) {
        json_open(json, '{');
        member_text(json, "check", slice_of(subject));
        member_text(json, "result", slice_of(name));
        member_text(json, "detail", slice_of(sentence));
        json_close(json, '}');
        return;
    }
    print_painted(&doctor->line, paints[finding], name);
    buf_printf(&doctor->line, "%*s%-18s", (int)(6 - slice_of(name).len), "", subject);
    print_safe(&doctor->line, slice_of(sentence), sizeof sentence);
    doctor->is_unheard = doctor->is_unheard || !print_line(&doctor->line);
}

static void check_store(struct doctor *doctor, const struct doctor_settings *settings)
{
    struct ask *ask = NULL;
    struct error err;

    if (ask_open(settings->common.redis_url, &ask, &err) != STATUS_OK) {
        doctor_say(doctor, FINDING_FAIL, "redis", "%s", err.text);
        return;
    }
    doctor_check_redis(doctor, ask);
    doctor_check_streams(doctor, ask, settings->lease_ms);
    ask_close(&ask);
}

static void conclude(struct doctor *doctor)
{
    enum finding worst = doctor->counts[FINDING_FAIL] > 0   ? FINDING_FAIL
                         : doctor->counts[FINDING_WARN] > 0 ? FINDING_WARN
                                                            : FINDING_OK;

    if (doctor->json) {
        json_close(&doctor->writer, ']');
        member_text(&doctor->writer, "result", slice_of(finding_names[worst]));
        json_close(&doctor->writer, '}');
    } else {
        buf_printf(&doctor->line, "%zu ok, %zu to look at, %zu wrong", doctor->counts[FINDING_OK],
                   doctor->counts[FINDING_WARN], doctor->counts[FINDING_FAIL]);
    }
    doctor->is_unheard = doctor->is_unheard || !print_line(&doctor->line);
}

static int run(const struct command *command, const void *given, int operands_count,
               const char *const *operands)
{
    const struct doctor_settings *settings = given;
    struct doctor doctor = {.json = settings->common.json};

    (void)command;
    (void)operands_count;
    (void)operands;
    buf_init(&doctor.line, PRINT_LINE_MAX);
    doctor.writer.out = &doctor.line;
    if (doctor.json) {
        json_open(&doctor.writer, '{');
        json_name(&doctor.writer, "checks");
        json_open(&doctor.writer, '[');
    }
    check_store(&doctor, settings);
    doctor_check_services(&doctor, settings->admin);
    conclude(&doctor);
    buf_fini(&doctor.line);
    return doctor.counts[FINDING_FAIL] > 0 || doctor.is_unheard ? CLI_FAILED : CLI_OK;
}

const struct command command_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "check Redis, its durability, clocks, backlogs and the services",
    .needs = COMMAND_REDIS,
    .settings = rows,
    .settings_count = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(struct doctor_settings),
    .run = run,
};
