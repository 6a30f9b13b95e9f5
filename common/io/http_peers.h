/*
 * http_peers.h - how many connections each client address has
 *
 * An IPv6 client is its /64: one machine commonly has that many addresses. IPv4 in IPv6 counts as IPv4.
 */
#pragma once

#include <sys/socket.h>

#include "../base/bytes.h"

struct http_peers;
struct http_peer; /* one address, while it has connections */

struct http_peers *http_peers_new(void);
void http_peers_free(struct http_peers **peers);

/* One more connection; NULL when the address has max already (0: no bound). Ends with http_peers_leave. */
struct http_peer *http_peers_enter(struct http_peers *peers, const struct sockaddr *address,
                                   size_t max);
void http_peers_leave(struct http_peers *peers, struct http_peer **peer);

/* As text without port; "unix" for what has no internet address. */
void http_peer_text(const struct sockaddr *address, char out[46]);
