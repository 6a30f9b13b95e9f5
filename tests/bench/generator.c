/*
 * generator.c - bench-generator: events for an HTTP server, from a template, on a schedule, with exact books; or calls of
 * all kinds, from a scenario, which count as events do
 *
 * Prints one JSON object at its end. The bits of what was accepted go to --books PATH.accepted, those of
 * requests without an answer to PATH.unsure; number 0 is the first event.
 */
#include <err.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"
#include "report.h"

#define TEXT_MAX (64u * 1024 * 1024)
#define VALUES_MAX 1000000

struct setup {
    struct load_options load;
    struct url url;
    const char *method, *body, *calls, *values, *books, *record_to, *progress, *follow;
    struct buf text, values_text, recorded; /* text: of the body, or of the scenario */
    struct scenario scenario;
    bool holds;
};

static void read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "r");
    size_t len;
    if (!file)
        err(EXIT_FAILURE, "%s", path);
    do {
        char *room = buf_reserve(out, 65536);
        if (!room)
            errx(EXIT_FAILURE, "%s: too large", path);
        len = fread(room, 1, 65536, file);
        buf_grew(out, len);
    } while (len > 0);
    fclose(file);
}

static void split_values(struct setup *setup)
{
    static struct slice values[VALUES_MAX];
    struct slice rest = buf_slice(&setup->values_text);
    while (rest.len > 0 && setup->load.values_count < VALUES_MAX) {
        struct slice line = slice_cut(&rest, '\n');
        if (line.len > 0)
            values[setup->load.values_count++] = line;
    }
    if (setup->load.values_count == 0)
        errx(EXIT_FAILURE, "%s: no values", setup->values);
    setup->load.values = values;
}

static uint64_t number(const char *text, uint64_t min, uint64_t max)
{
    uint64_t value;
    if (slice_to_u64(slice_of(text), max, &value) != STATUS_OK || value < min)
        errx(EXIT_FAILURE, "%s: not a number from %llu to %llu", text, (unsigned long long)min,
             (unsigned long long)max);
    return value;
}

static void choose_format(struct load_options *load, const char *name)
{
    static const struct {
        const char *name, *open, *separator, *close;
    } formats[] = {{"single", "", "", ""}, {"array", "[", ",", "]"}, {"ndjson", "", "\n", "\n"}};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            load->open = slice_of(formats[i].open);
            load->separator = slice_of(formats[i].separator);
            load->close = slice_of(formats[i].close);
            return;
        }
    }
    errx(EXIT_FAILURE, "%s: formats are single, array, ndjson", name);
}

static const char usage[] =
    "usage: bench-generator --url URL --body FILE | --calls FILE [OPTION]...\n"
    "  --calls FILE             a scenario (scenario.h), of which each connection makes one call "
    "after the other\n"
    "  --header 'NAME: VALUE'   repeated; places {seq} {sent} {mod} {value} as in the body\n"
    "  --method NAME [POST]     --format single|array|ndjson [single]   --batch N [1]\n"
    "  --open TEXT --separator TEXT --close TEXT   around and between a batch's items, after "
    "--format\n"
    "  --values FILE            lines for {value}, in turn     --modulus N [1] for {mod}\n"
    "  --connections N [1]      --pipeline N [1]\n"
    "  --rate N [0]             events per second; 0: as fast as answers come\n"
    "  --count N                events at most   --seconds N   --first N [0]\n"
    "  --window N --follow PATH --fan-out N   at most so many events sent and not seen by the "
    "receiver of that --progress\n"
    "  --books PATH  --progress PATH  --record NAME --record-to PATH  --hold (keep connections "
    "until SIGTERM)";

enum flag {
    FLAG_URL = 256,
    FLAG_BODY,
    FLAG_CALLS,
    FLAG_HEADER,
    FLAG_METHOD,
    FLAG_FORMAT,
    FLAG_BATCH,
    FLAG_OPEN,
    FLAG_SEPARATOR,
    FLAG_CLOSE,
    FLAG_VALUES,
    FLAG_MODULUS,
    FLAG_CONNECTIONS,
    FLAG_PIPELINE,
    FLAG_RATE,
    FLAG_COUNT,
    FLAG_SECONDS,
    FLAG_FIRST,
    FLAG_WINDOW,
    FLAG_FOLLOW,
    FLAG_FAN_OUT,
    FLAG_BOOKS,
    FLAG_PROGRESS,
    FLAG_RECORD,
    FLAG_RECORD_TO,
    FLAG_HOLD,
};

static const struct option flags[] = {{"url", 1, NULL, FLAG_URL},
                                      {"body", 1, NULL, FLAG_BODY},
                                      {"calls", 1, NULL, FLAG_CALLS},
                                      {"header", 1, NULL, FLAG_HEADER},
                                      {"method", 1, NULL, FLAG_METHOD},
                                      {"format", 1, NULL, FLAG_FORMAT},
                                      {"batch", 1, NULL, FLAG_BATCH},
                                      {"open", 1, NULL, FLAG_OPEN},
                                      {"separator", 1, NULL, FLAG_SEPARATOR},
                                      {"close", 1, NULL, FLAG_CLOSE},
                                      {"values", 1, NULL, FLAG_VALUES},
                                      {"modulus", 1, NULL, FLAG_MODULUS},
                                      {"connections", 1, NULL, FLAG_CONNECTIONS},
                                      {"pipeline", 1, NULL, FLAG_PIPELINE},
                                      {"rate", 1, NULL, FLAG_RATE},
                                      {"count", 1, NULL, FLAG_COUNT},
                                      {"seconds", 1, NULL, FLAG_SECONDS},
                                      {"first", 1, NULL, FLAG_FIRST},
                                      {"window", 1, NULL, FLAG_WINDOW},
                                      {"follow", 1, NULL, FLAG_FOLLOW},
                                      {"fan-out", 1, NULL, FLAG_FAN_OUT},
                                      {"books", 1, NULL, FLAG_BOOKS},
                                      {"progress", 1, NULL, FLAG_PROGRESS},
                                      {"record", 1, NULL, FLAG_RECORD},
                                      {"record-to", 1, NULL, FLAG_RECORD_TO},
                                      {"hold", 0, NULL, FLAG_HOLD},
                                      {NULL, 0, NULL, 0}};

/* Flags of the schedule; false when it is another. */
static bool take_number(struct load_options *load, int flag, const char *text)
{
    switch (flag) {
    case FLAG_BATCH:
        load->batch = (size_t)number(text, 1, 10000);
        return true;
    case FLAG_MODULUS:
        load->modulus = number(text, 1, UINT64_MAX);
        return true;
    case FLAG_CONNECTIONS:
        load->connections = (size_t)number(text, 1, 1000000);
        return true;
    case FLAG_PIPELINE:
        load->pipeline = (size_t)number(text, 1, LOAD_PIPELINE_MAX);
        return true;
    case FLAG_RATE:
        load->rate = (double)number(text, 0, 100000000);
        return true;
    case FLAG_COUNT:
        load->count = number(text, 1, LEDGER_CAPACITY_MAX);
        return true;
    case FLAG_SECONDS:
        load->for_us = (int64_t)number(text, 1, 86400) * 1000000;
        return true;
    case FLAG_FIRST:
        load->first = number(text, 0, UINT32_MAX);
        return true;
    case FLAG_WINDOW:
        load->window = number(text, 1, LEDGER_CAPACITY_MAX);
        return true;
    case FLAG_FAN_OUT:
        load->fan_out = number(text, 1, 100000);
        return true;
    default:
        return false;
    }
}

static void take_header(struct buf *head, const char *text)
{
    buf_add_text(head, text);
    buf_add_text(head, "\r\n");
}

static void take_text(struct setup *setup, int flag, const char *text, struct buf *headers)
{
    switch (flag) {
    case FLAG_URL:
        url_parse(text, &setup->url);
        break;
    case FLAG_BODY:
        setup->body = text;
        break;
    case FLAG_CALLS:
        setup->calls = text;
        break;
    case FLAG_HEADER:
        take_header(headers, text);
        break;
    case FLAG_METHOD:
        setup->method = text;
        break;
    case FLAG_FORMAT:
        choose_format(&setup->load, text);
        break;
    case FLAG_OPEN:
        setup->load.open = slice_of(text);
        break;
    case FLAG_SEPARATOR:
        setup->load.separator = slice_of(text);
        break;
    case FLAG_CLOSE:
        setup->load.close = slice_of(text);
        break;
    case FLAG_VALUES:
        setup->values = text;
        break;
    case FLAG_FOLLOW:
        setup->follow = text;
        break;
    case FLAG_BOOKS:
        setup->books = text;
        break;
    case FLAG_PROGRESS:
        setup->progress = text;
        break;
    case FLAG_RECORD:
        setup->load.record = text;
        break;
    case FLAG_RECORD_TO:
        setup->record_to = text;
        break;
    case FLAG_HOLD:
        setup->holds = true;
        break;
    default:
        errx(EXIT_FAILURE, "%s", usage);
    }
}

static void check(struct setup *setup)
{
    struct load_options *load = &setup->load;
    if (!setup->url.target[0] || !setup->body == !setup->calls || load->count == 0 ||
        (load->window > 0) != (setup->follow != NULL) ||
        (load->record != NULL) != (setup->record_to != NULL))
        errx(EXIT_FAILURE, "%s", usage);
    if (load->batch > load->count)
        errx(EXIT_FAILURE, "--count is less than --batch");
    load->count -= load->count % load->batch;
}

/* One call over and over is a scenario, too. */
static void read_calls(struct setup *setup, struct slice fields)
{
    struct buf start;
    enum status status;
    buf_init(&start, TEXT_MAX);
    buf_printf(&start, "%s %s", setup->method, setup->url.target);
    read_file(setup->calls ? setup->calls : setup->body, &setup->text);
    while (setup->text.len > 0 && setup->text.at[setup->text.len - 1] == '\n')
        setup->text.len--;
    if (setup->calls)
        status = scenario_parse(&setup->scenario, buf_slice(&setup->text), fields);
    else
        status = scenario_add(&setup->scenario, SLICE("post"), (struct slice){0}, buf_slice(&start),
                              fields, buf_slice(&setup->text));
    if (status != STATUS_OK)
        errx(EXIT_FAILURE, "no scenario, or more than %d calls or %d places in one",
             SCENARIO_CALLS_MAX, REQUEST_TEMPLATE_PIECES_MAX - 1);
    buf_fini(&start);
}

static void prepare(struct setup *setup, int argc, char **argv)
{
    struct buf headers;
    buf_init(&headers, TEXT_MAX);
    for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        if (!take_number(&setup->load, flag, optarg))
            take_text(setup, flag, optarg, &headers);
    check(setup);
    buf_printf(&headers, "Host: %s\r\n", setup->url.host);
    read_calls(setup, buf_slice(&headers));
    buf_fini(&headers);
    if (setup->values) {
        read_file(setup->values, &setup->values_text);
        split_values(setup);
    }
    setup->load.scenario = &setup->scenario;
    setup->load.url = &setup->url;
    setup->load.record_to = &setup->recorded;
    setup->load.progress = progress_map(setup->progress);
    setup->load.follow = setup->follow ? progress_map(setup->follow) : NULL;
}

static void save_books(const struct load_result *result, const char *books)
{
    char path[4096];
    const struct ledger *ledgers[] = {&result->accepted, &result->unsure_ones};
    static const char *const ends[] = {"accepted", "unsure"};
    for (size_t i = 0; i < 2; i++) {
        if ((size_t)snprintf(path, sizeof path, "%s.%s", books, ends[i]) >= sizeof path ||
            ledger_save(ledgers[i], path) != STATUS_OK)
            err(EXIT_FAILURE, "%s", books);
    }
}

/* Without what could end the text or the line early. */
static void add_plain(struct buf *out, const char *text)
{
    for (; *text; text++)
        buf_add_char(out, *text < ' ' || *text == '"' || *text == '\\' ? '\'' : *text);
}

static void print_result(const struct load_result *result, const struct scenario *scenario)
{
    struct buf out;
    buf_init(&out, 65536);
    buf_printf(&out,
               "{\"sent\":%llu,\"accepted\":%llu,\"refused\":%llu,\"unsure\":%llu,\"requests\":%"
               "llu,\"reconnects\":%llu,"
               "\"began_us\":%lld,\"ended_us\":%lld,\"cpu_us\":%lld,\"statuses\":[",
               (unsigned long long)result->sent, (unsigned long long)result->accepted.distinct,
               (unsigned long long)result->refused, (unsigned long long)result->unsure,
               (unsigned long long)result->requests, (unsigned long long)result->reconnects,
               (long long)result->began_us, (long long)result->ended_us,
               (long long)report_cpu_us());
    for (size_t i = 0; i < 6; i++)
        buf_printf(&out, "%s%llu", i ? "," : "", (unsigned long long)result->statuses[i]);
    buf_add_text(&out, "],\"first_refusal\":\"");
    add_plain(&out, result->first_refusal);
    buf_add_text(&out, "\",\"answer_us\":");
    histogram_json(&result->answer_us, &out);
    buf_add_text(&out, ",\"routes\":");
    scenario_json(scenario, &out);
    buf_add_text(&out, "}\n");
    fwrite(out.at, 1, out.len, stdout);
    fflush(stdout);
    buf_fini(&out);
}

static void hold(void)
{
    sigset_t signals;
    int signal_number;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    sigwait(&signals, &signal_number);
}

int main(int argc, char **argv)
{
    static struct setup setup = {
        .method = "POST",
        .load = {.connections = 1, .pipeline = 1, .batch = 1, .modulus = 1, .fan_out = 1},
    };
    buf_init(&setup.text, TEXT_MAX);
    buf_init(&setup.values_text, TEXT_MAX);
    buf_init(&setup.recorded, TEXT_MAX);
    net_raise_files();
    prepare(&setup, argc, argv);
    struct load *load = load_new(&setup.load);
    load_run(load);
    if (setup.books)
        save_books(load_result(load), setup.books);
    if (setup.record_to)
        report_write(setup.record_to, &setup.recorded);
    print_result(load_result(load), &setup.scenario);
    if (setup.holds)
        hold();
    load_free(&load);
    scenario_fini(&setup.scenario);
    buf_fini(&setup.text);
    buf_fini(&setup.values_text);
    buf_fini(&setup.recorded);
    return EXIT_SUCCESS;
}
