/*
 * idle_consumer_fixture.h - a consumer that does not read: what it has was read for it
 */
#pragma once

#include "io/consumer.h"
#include "stage_fixture.h"

/* Of a stream of partition 0. Never started; to be freed after the stage's store. */
struct consumer *idle_consumer_new(struct stage *stage, enum partition_key stream,
                                   const char *group, const char *name);
