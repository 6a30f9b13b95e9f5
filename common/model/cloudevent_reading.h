/*
 * cloudevent_reading.h - the rules for the attributes of one CloudEvent, whatever mode it came in
 *
 * As event_reading.h: a mode's reader hands over each attribute as it meets it, and data in one of three forms or not at all.
 * Names and values are valid UTF-8.
 * Fails:  with the item's problem, after which nothing more is handed over.
 */
#pragma once

#include "cloudevent.h"
#include "event_batch.h"

struct cloudevent_attribute {
    struct slice name;
    struct slice json; /* empty: it is unset */
};

struct cloudevent_reading {
    struct event_batch *batch; /* borrowed, as the item */
    struct event_item *item;
    struct slice id, source;
    struct slice bytes_json; /* data_base64 as a JSON string; empty: there is none */
    size_t count;
    struct cloudevent_attribute attributes[CLOUDEVENT_ATTRIBUTES_MAX];
};

/* item is zeroed. The batch needs room for the attributes as a JSON object, and for id, source and traceparent again. */
void cloudevent_reading_start(struct cloudevent_reading *reading, struct event_batch *batch,
                              struct event_item *item);

/* A String, or what has its form. text is its value, json the same as a JSON string; both outlive the reading, and type and
 * partitionkey the batch. */
enum status cloudevent_reading_text(struct cloudevent_reading *reading, struct slice name,
                                    struct slice text, struct slice json) must_check;

/* A Boolean or an Integer: of extensions only. json is true, false or a JSON number. */
enum status cloudevent_reading_scalar(struct cloudevent_reading *reading, struct slice name,
                                      struct slice json) must_check;

/* Null is as if it was not there, but for being there twice. */
enum status cloudevent_reading_null(struct cloudevent_reading *reading,
                                    struct slice name) must_check;

/* Anything else is no value of an attribute. */
enum status cloudevent_reading_wrong_type(struct cloudevent_reading *reading, struct slice name);

/* JSON that outlives the item. */
void cloudevent_reading_data(struct cloudevent_reading *reading, struct slice json);

/* text is the value, json the same as a JSON string; both outlive the item. */
enum status cloudevent_reading_base64(struct cloudevent_reading *reading, struct slice text,
                                      struct slice json) must_check;

/* All was handed over: the item becomes valid, or gets its problem. */
void cloudevent_reading_end(struct cloudevent_reading *reading);
