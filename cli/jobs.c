/*
 * jobs.c - millrace jobs: what replays, purges and removals are at
 */
#include "resource.h"

static const struct resource_verb ls = {
    .method = "GET", .path = "/api/jobs", .columns = "id kind state done skipped created_at"};
static const struct resource_verb show = {.method = "GET", .path = "/api/jobs/%s"};
static const struct resource_verb cancel = {.method = "POST", .path = "/api/jobs/%s/cancel"};

const struct command command_jobs_ls =
    RESOURCE_LIST("jobs ls", "list the jobs of an organization", ls);
const struct command command_jobs_show =
    RESOURCE_ONE("jobs show", "JOB_ID", "how far a job is", show);
const struct command command_jobs_cancel =
    RESOURCE_ONE("jobs cancel", "JOB_ID", "a job goes no further", cancel);
