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
void api_inbox_get(struct call *call);   /* inbox.c */
void api_inbox_lease(struct call *call); /* inbox.c */
void api_inbox_ack(struct call *call);   /* inbox_unlease.c */
void api_inbox_release(struct call *call);
void api_health_live(struct call *call);
void api_health_ready(struct call *call);
