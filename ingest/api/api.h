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
void api_organizations_list(struct call *call);
void api_organizations_get(struct call *call);
void api_organizations_patch(struct call *call);
void api_organization_delete(struct call *call); /* organizations_delete.c */
void api_keys_post(struct call *call);
void api_keys_list(struct call *call);
void api_keys_delete(struct call *call);
void api_keys_rotate(struct call *call); /* keys_rotate.c */
void api_audit_list(struct call *call);
void api_me_get(struct call *call);
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
void api_inbox_get(struct call *call);   /* inbox.c */
void api_inbox_lease(struct call *call); /* inbox.c */
void api_inbox_ack(struct call *call);   /* inbox_unlease.c */
void api_inbox_release(struct call *call);
void api_health_live(struct call *call);
void api_health_ready(struct call *call);
void api_openapi_get(struct call *call); /* docs.c */
void api_docs_get(struct call *call);
void api_docs_asset_get(struct call *call);
