/*
 * api.h - the handlers of the routes, one file of this folder per resource
 *
 * A handler is called with an authorised call whose body is complete; it ends in one call_answer_*.
 */
#pragma once

#include "../call.h"

void api_events_post(struct call *call);       /* events.c */
void api_events_batch_post(struct call *call); /* events_batch.c */
void api_organizations_post(struct call *call);
void api_keys_post(struct call *call);
void api_endpoints_post(struct call *call);
void api_endpoints_get(struct call *call);          /* endpoints_read.c */
void api_endpoint_get(struct call *call);           /* endpoints_read.c */
void api_endpoint_patch(struct call *call);         /* endpoints_change.c */
void api_endpoint_delete(struct call *call);        /* endpoints_delete.c */
void api_endpoint_pause(struct call *call);         /* endpoints_pause.c */
void api_endpoint_resume(struct call *call);        /* endpoints_pause.c */
void api_endpoint_secret_get(struct call *call);    /* endpoints_secret.c */
void api_endpoint_secret_rotate(struct call *call); /* endpoints_secret.c */
void api_endpoint_test(struct call *call);          /* endpoints_try.c */
void api_endpoints_replay(struct call *call);       /* endpoints_replay.c */
void api_jobs_get(struct call *call);
void api_job_get(struct call *call); /* jobs.c */
void api_job_cancel(struct call *call);
void api_health_live(struct call *call);
void api_health_ready(struct call *call);
