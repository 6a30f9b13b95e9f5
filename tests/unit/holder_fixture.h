/*
 * holder_fixture.h - a consumer that holds what it is given to hold, and reads nothing by itself
 */
#pragma once

#include "io/consumer.h"
#include "stage_fixture.h"

/* Of a stream of partition 0. Its own connection is up. To be freed after the stage's store. */
struct consumer *holder_new(struct stage *stage, enum partition_key stream, const char *group,
                            const char *name);

/* Reads so many that nobody has read yet. */
void holder_read(struct stage *stage, struct consumer *consumer, int count);
