/*
 * api.h - the handlers of the routes, one file of this folder per resource
 *
 * A handler is called with an authorised call whose body is complete; it ends in one call_answer_*.
 */
#pragma once

#include "../call.h"

void api_events_post(struct call *call);       /* events.c */
void api_events_batch_post(struct call *call); /* events_batch.c */
void api_events_list(struct call *call);       /* events_read.c */
void api_event_get(struct call *call);
void api_deliveries_list(struct call *call); /* deliveries.c */
void api_delivery_get(struct call *call);
void api_delivery_retry(struct call *call); /* deliveries_retry.c */
void api_dlq_list(struct call *call);       /* dlq.c */
void api_dlq_get(struct call *call);
void api_dlq_replay(struct call *call); /* dlq_change.c */
void api_dlq_purge(struct call *call);
void api_organizations_post(struct call *call);
void api_organization_delete(struct call *call); /* organizations_delete.c */
void api_keys_post(struct call *call);
void api_endpoints_post(struct call *call);
void api_endpoints_replay(struct call *call); /* endpoints_replay.c */
void api_jobs_get(struct call *call);
void api_job_get(struct call *call); /* jobs.c */
void api_job_cancel(struct call *call);
void api_health_live(struct call *call);
void api_health_ready(struct call *call);
