/*
 * http_sockets.h - the sockets and the timer of a libcurl multi handle on our loop
 *
 * A connection stays registered for reading while it rests in the pool: taking it out and in again would be two system calls per
 * request. One that becomes readable while nobody asks is taken out then.
 */
#pragma once

#include <stdbool.h>

#include "io/loop.h"

struct http_sockets;

/* multi: CURLM, which must go before this is freed. after: once libcurl has had a turn, to collect what has ended. */
struct http_sockets *http_sockets_new(struct loop *loop, void *multi, loop_fn after, void *self);
void http_sockets_free(struct http_sockets **sockets);

/* A connection's socket was opened by us, so that libcurl will close it through http_sockets_close. */
void http_sockets_own(struct http_sockets *sockets, int fd);

/* For CURLOPT_CLOSESOCKETFUNCTION; self is the struct http_sockets. */
int http_sockets_close(void *self, int fd);
