/*
 * filter_data.h - an event's data while filters look into it
 *
 * However many pointers are followed, the work stays within some walks over the data: when it has been walked over often enough, its
 * large objects and arrays are indexed.
 */
#pragma once

#include "json_read.h"

struct filter_data;
struct filter_data *filter_data_new(struct slice json); /* json must outlive it */
void filter_data_free(struct filter_data **data);

/* NULL when it leads nowhere. The pointer is valid: "" or '/' first, each '~' before 0 or 1; at most FILTER_PATH_MAX bytes. */
yyjson_val *filter_data_find(struct filter_data *data, struct slice pointer);
