/*
 * delivery.c - a delivery's texts, states and lists
 */
#include "delivery.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "model/trace.h"

static struct slice copy(char **at, struct slice from)
{
    char *start = *at;
    if (from.len > 0) {
        memcpy(start, from.at, from.len);
    }
    *at += from.len;
    return (struct slice){start, from.len};
}

struct delivery *delivery_new(struct stream_id entry, const struct delivery_fields *fields,
                              const struct delivery_owner *owner)
{
    char room[TRACE_REQUEST_ID_LEN + 1];
    struct slice request = request_id_whole(fields->request, fields->trace, room);
    size_t size = fields->event.len + fields->endpoint.len + fields->org.len + fields->history.len +
                  fields->trace.len + request.len + fields->body.len;
    struct delivery *delivery = xmalloc(sizeof *delivery + size);
    char *at = delivery->texts;
    *delivery = (struct delivery){
        .owner = owner, .state = DELIVERY_QUEUED, .entry = entry, .fields = *fields};
    delivery->fields.event = copy(&at, fields->event);
    delivery->fields.endpoint = copy(&at, fields->endpoint);
    delivery->fields.org = copy(&at, fields->org);
    delivery->fields.history = copy(&at, fields->history);
    delivery->fields.trace = copy(&at, fields->trace);
    delivery->fields.request = copy(&at, request);
    delivery->fields.body = copy(&at, fields->body);
    delivery_id_format(delivery->fields.event, delivery->fields.endpoint, delivery->id);
    return delivery;
}

void delivery_free(struct delivery **delivery_at)
{
    struct delivery *delivery = *delivery_at;
    *delivery_at = NULL;
    if (delivery) {
        free(delivery->result.response);
        free(delivery);
    }
}

void delivery_keep_response(struct delivery *delivery, struct slice response)
{
    must(!delivery->result.response);
    delivery->result.response = response.len ? xslicedup(response) : NULL;
    delivery->result.response_len = response.len;
}

void delivery_move(struct delivery *delivery, enum delivery_state to)
{
    static const bool allowed[][DELIVERY_SETTLING + 1] = {
        [DELIVERY_QUEUED] = {[DELIVERY_RUNNING] = true, [DELIVERY_SETTLING] = true},
        [DELIVERY_RUNNING] = {[DELIVERY_QUEUED] = true, [DELIVERY_SETTLING] = true},
        [DELIVERY_SETTLING] = {[DELIVERY_QUEUED] = true},
    };
    must(allowed[delivery->state][to]);
    delivery->state = to;
}

static void insert(struct delivery_list *list, struct delivery *delivery, struct delivery *earlier,
                   struct delivery *later)
{
    delivery->earlier = earlier;
    delivery->later = later;
    *(earlier ? &earlier->later : &list->first) = delivery;
    *(later ? &later->earlier : &list->last) = delivery;
    list->count++;
}

void delivery_list_push(struct delivery_list *list, struct delivery *delivery)
{
    insert(list, delivery, list->last, NULL);
}

void delivery_list_push_front(struct delivery_list *list, struct delivery *delivery)
{
    insert(list, delivery, NULL, list->first);
}

void delivery_list_remove(struct delivery_list *list, struct delivery *delivery)
{
    must(list->count > 0);
    *(delivery->earlier ? &delivery->earlier->later : &list->first) = delivery->later;
    *(delivery->later ? &delivery->later->earlier : &list->last) = delivery->earlier;
    delivery->earlier = delivery->later = NULL;
    list->count--;
}

struct delivery *delivery_list_pop(struct delivery_list *list)
{
    struct delivery *delivery = list->first;
    if (delivery) {
        delivery_list_remove(list, delivery);
    }
    return delivery;
}
