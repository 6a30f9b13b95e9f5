/*
 * audit.h - who changed what: the stream mr:{p}:audit:<organization>
 *
 * Fields: actor (a key's id, "admin", or the service that did it by itself), action
 * ("endpoint.created"), target (an id), ip, request, detail. An entry is written before its change, on
 * the same connection: there may be one for a change that failed, never a change without one.
 * Entries of more than a year ago go when others come. While Redis is full only those are written that
 * say so; the changes of the others are refused then.
 */
#pragma once

#include "redis.h"

struct audit_entry {
    struct slice org, actor, action, target, ip, request;
    struct slice detail; /* no secret, no data */
    bool when_full;      /* of a change that is made although Redis is full */
};

/* partition: of the organization. A failure is logged. */
void audit_write(struct redis *redis, uint32_t partition, const struct audit_entry *entry);
