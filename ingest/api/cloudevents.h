/*
 * cloudevents.h - which requests are CloudEvents in binary mode, and what they say
 */
#pragma once

#include "model/cloudevent.h"
#include "../call.h"

/* Whether attributes of a CloudEvent are in its headers, and its body is not one itself: then they are but copies. One attribute is
 * enough, so that none is passed over: the parser says which are missing. */
bool cloudevents_is_binary(const struct http_request *http);

/* Of such a request. */
enum status cloudevents_parse_binary(struct call *call, struct event_batch **out,
                                     struct problem *problem) must_check;
