/*
 * guard.h - no connection to where webhooks must not go
 *
 * Two doors, because neither sees everything: guard_open_socket is asked before each SYN with the resolved address (so a name
 * that changes its mind is judged as it answers now), guard_allows_peer before each request, on a reused connection too.
 * Fails:  a refused destination never sees a packet of ours; who asked learns only that it is not allowed.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "model/destination.h"

/* One per transfer. */
struct guard {
    const struct cidr_list *allow; /* borrowed */
    bool refused;                  /* an address of this transfer was */
};

/* A non-blocking socket for this address, or -1 (refused, or no socket to be had). */
int guard_open_socket(struct guard *guard, const struct sockaddr *address, int type, int protocol);

/* ip: text as getnameinfo writes it. */
bool guard_allows_peer(struct guard *guard, const char *ip, int port);

/* 80, 443 and 1024 up, but no port where a database, a cache or a control plane usually listens. */
bool guard_allows_port(int port);
