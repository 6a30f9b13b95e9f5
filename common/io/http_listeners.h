/*
 * http_listeners.h - the sockets that clients connect to
 *
 * Accepting pauses at connections_max, and for a moment when the process or the system is out of descriptors: then one client is
 * accepted with a descriptor held in reserve and closed, so that it learns of it.
 */
#pragma once

#include "http_server.h"

struct http_listeners;

struct http_listeners *http_listeners_new(struct http_server *server);
void http_listeners_free(struct http_listeners **listeners);

enum status http_listeners_add(struct http_listeners *listeners, const char *address, int *out_port,
                               struct error *err) must_check;

enum status http_listeners_probe(const char *address, struct error *err) must_check;

/* A connection has gone: accept again, if that was the reason not to. */
void http_listeners_resume(struct http_listeners *listeners);
