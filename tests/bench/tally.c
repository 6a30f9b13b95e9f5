#include "tally.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static void reset(struct tally *tally)
{
    struct progress *progress = tally->options.progress;
    ledger_clear(&tally->ledger);
    histogram_clear(&tally->late_us);
    tally->requests = tally->without_seq = 0;
    tally->first_us = tally->last_us = 0;
    tally->cpu_before_us = report_cpu_us();
    progress_set(&progress->events, 0);
    progress_set(&progress->distinct, 0);
    progress_set(&progress->repeats, 0);
    progress_set(&progress->strays, 0);
}

void tally_init(struct tally *tally, const struct tally_options *options)
{
    *tally = (struct tally){.options = *options};
    ledger_init(&tally->ledger, options->events * options->hooks);
    reset(tally);
}

void tally_fini(struct tally *tally)
{
    ledger_fini(&tally->ledger);
}

static uint64_t hook_of(struct slice target)
{
    uint64_t hook;
    size_t start = target.len;
    while (start > 0 && target.at[start - 1] != '/')
        start--;
    return slice_to_u64(slice_from(target, start), UINT32_MAX, &hook) == STATUS_OK ? hook : 0;
}

void tally_note(struct tally *tally, struct slice target, struct slice body, int64_t now_us)
{
    struct progress *progress = tally->options.progress;
    uint64_t seq, sent;
    tally->requests++;
    progress_set(&progress->events, tally->requests);
    if (report_find_number(body, tally->options.seq, &seq) != STATUS_OK) {
        tally->without_seq++;
        return;
    }
    uint64_t hook = hook_of(target);
    bool in_range = seq < tally->options.events && hook < tally->options.hooks;
    bool is_first =
        ledger_note(&tally->ledger, in_range ? hook * tally->options.events + seq : UINT64_MAX);
    if (is_first && report_find_number(body, tally->options.sent, &sent) == STATUS_OK &&
        (int64_t)sent <= now_us)
        histogram_add(&tally->late_us, (uint64_t)now_us - sent);
    if (tally->first_us == 0)
        tally->first_us = now_us;
    tally->last_us = now_us;
    progress_set(&progress->distinct, tally->ledger.distinct);
    progress_set(&progress->repeats, tally->ledger.repeats);
    progress_set(&progress->strays, tally->ledger.strays);
}

void tally_report(struct tally *tally)
{
    char path[4096];
    struct buf text;
    struct progress *progress = tally->options.progress;
    if ((size_t)snprintf(path, sizeof path, "%s.bits", tally->options.report) >= sizeof path)
        errx(EXIT_FAILURE, "%s: too long a path", tally->options.report);
    if (ledger_save(&tally->ledger, path) != STATUS_OK)
        err(EXIT_FAILURE, "%s", path);
    buf_init(&text, 4096);
    buf_printf(&text,
               "{\"requests\":%llu,\"distinct\":%llu,\"repeats\":%llu,\"strays\":%llu,\"without_"
               "seq\":%llu,",
               (unsigned long long)tally->requests, (unsigned long long)tally->ledger.distinct,
               (unsigned long long)tally->ledger.repeats, (unsigned long long)tally->ledger.strays,
               (unsigned long long)tally->without_seq);
    buf_printf(&text,
               "\"events_max\":%llu,\"hooks\":%llu,\"first_us\":%lld,\"last_us\":%lld,\"cpu_us\":%"
               "lld,\"late_us\":",
               (unsigned long long)tally->options.events, (unsigned long long)tally->options.hooks,
               (long long)tally->first_us, (long long)tally->last_us,
               (long long)(report_cpu_us() - tally->cpu_before_us));
    histogram_json(&tally->late_us, &text);
    buf_add_text(&text, "}\n");
    report_write(tally->options.report, &text);
    buf_fini(&text);
    reset(tally);
    progress_set(&progress->reports, progress_get(&progress->reports) + 1);
}
