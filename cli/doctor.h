/*
 * doctor.h - findings, and the parts of the system that are looked at
 *
 * Each finding is a word, what was looked at, and a sentence that says what to do when it is not well.
 */
#pragma once

#include "ask.h"
#include "model/json.h"

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDINGS };
extern const char *const finding_names[FINDINGS];

struct doctor {
    bool json;
    struct buf line;
    struct json_writer writer;
    size_t counts[FINDINGS];
    bool is_unheard;
};

void doctor_say(struct doctor *doctor, enum finding finding, const char *subject,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* doctor_redis.c: version, role, durability, memory, clock. */
void doctor_check_redis(struct doctor *doctor, struct ask *ask);

/* doctor_streams.c: mr:meta, consumer groups, waiting deliveries, dead letters. lease_ms: of the services. */
void doctor_check_streams(struct doctor *doctor, struct ask *ask, int64_t lease_ms);

/* doctor_services.c: addresses of admin ports, separated by commas. */
void doctor_check_services(struct doctor *doctor, const char *addresses);
