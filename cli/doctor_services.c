/*
 * doctor_services.c - the services' own word on whether they are ready, and their versions
 */
#include <stdio.h>

#include "doctor.h"
#include "fetch.h"
#include "millrace_version.h"
#include "model/hook_event.h"
#include "model/json_read.h"

#define TIMEOUT_MS 3000
#define SUBJECT_MAX 80
#define TROUBLES_MAX 512

/* "redis: not connected; consumer: …" of {"checks":[{"name","ok","detail"}]} */
static void read_troubles(struct slice body, struct buf *out)
{
    struct json_scratch scratch json_scratch_uncleared;
    struct problem problem = {0};
    yyjson_doc *doc = json_read(body, JSON_DEPTH_MAX, &scratch, &problem);
    yyjson_val *checks = doc != NULL ? yyjson_obj_get(yyjson_doc_get_root(doc), "checks") : NULL;
    size_t count = yyjson_arr_size(checks);

    for (size_t i = 0; i < count; i++) {
        yyjson_val *check = yyjson_arr_get(checks, i);
        yyjson_val *name = yyjson_obj_get(check, "name");
        yyjson_val *detail = yyjson_obj_get(check, "detail");
        if (yyjson_get_bool(yyjson_obj_get(check, "ok")) || !yyjson_is_str(name))
            continue;
        buf_add_text(out, out->len > 0 ? "; " : "");
        buf_add_slice(out, json_value_text(name));
        if (yyjson_is_str(detail)) {
            buf_add_text(out, ": ");
            buf_add_slice(out, json_value_text(detail));
        }
    }
    if (doc != NULL)
        json_read_free(&doc);
}

/* Of millrace_build_info{version="…"}; empty when it is not among the metrics. */
static struct slice version_in(struct slice metrics)
{
    static const char start[] = "millrace_build_info{version=\"";

    while (metrics.len > 0) {
        struct slice line = slice_cut(&metrics, '\n');
        if (slice_starts(line, start)) {
            struct slice rest = slice_from(line, sizeof start - 1);
            return slice_cut(&rest, '"');
        }
    }
    return (struct slice){0};
}

static void check_version(struct doctor *doctor, struct fetch *fetch, const char *subject,
                          const char *address)
{
    struct slice body, version;
    struct error err;
    char url[SUBJECT_MAX + 32];
    int status = 0;

    snprintf(url, sizeof url, "http://%s/metrics", address);
    if (fetch_call(fetch, "GET", url, NULL, (struct slice){0}, TIMEOUT_MS, &status, &body, &err) !=
            STATUS_OK ||
        status != 200) {
        doctor_say(doctor, FINDING_WARN, subject, "ready, but it gives no metrics");
        return;
    }
    version = version_in(body);
    if (slice_is(version, MILLRACE_VERSION))
        doctor_say(doctor, FINDING_OK, subject, "ready, version " MILLRACE_VERSION);
    else
        doctor_say(doctor, FINDING_WARN, subject,
                   "ready, but of version %.*s while this is " MILLRACE_VERSION, (int)version.len,
                   version.at);
}

static void check_service(struct doctor *doctor, struct fetch *fetch, const char *subject,
                          const char *address)
{
    struct slice body;
    struct buf troubles;
    struct error err;
    char url[SUBJECT_MAX + 32];
    int status = 0;

    snprintf(url, sizeof url, "http://%s/health/ready", address);
    if (fetch_call(fetch, "GET", url, NULL, (struct slice){0}, TIMEOUT_MS, &status, &body, &err) !=
        STATUS_OK) {
        doctor_say(doctor, FINDING_WARN, subject,
                   "does not answer at %s: %s (--admin says where the services' admin ports are)",
                   address, err.text);
        return;
    }
    if (status == 200) {
        check_version(doctor, fetch, subject, address);
        return;
    }
    buf_init(&troubles, TROUBLES_MAX);
    read_troubles(body, &troubles);
    doctor_say(doctor, FINDING_FAIL, subject, "at %s is not ready (%d): %.*s", address, status,
               (int)troubles.len, troubles.len > 0 ? troubles.at : "");
    buf_fini(&troubles);
}

void doctor_check_services(struct doctor *doctor, const char *addresses)
{
    static const char *const names[] = {"ingest", "processor", "dispatcher"};
    struct slice rest = slice_of(addresses);
    struct fetch *fetch = fetch_new();

    for (size_t i = 0; rest.len > 0; i++) {
        struct slice given = slice_trim(slice_cut(&rest, ','));
        char address[SUBJECT_MAX];
        if (given.len == 0)
            continue;
        if (slice_to_text(given, address, sizeof address) != STATUS_OK) {
            doctor_say(doctor, FINDING_FAIL, "service",
                       "admin: an address is ADDR:PORT, at most %d characters", SUBJECT_MAX - 1);
            continue;
        }
        check_service(doctor, fetch, i < sizeof names / sizeof names[0] ? names[i] : "service",
                      address);
    }
    fetch_free(&fetch);
}
