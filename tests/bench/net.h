/*
 * net.h - sockets of the measuring programs, all of them non-blocking once made
 *
 * Fails: ends the program with a sentence, because a measurement without its sockets has no other use.
 */
#pragma once

#include <netinet/in.h>

#include "base/bytes.h"

struct url {
    struct sockaddr_in address;
    char host[256]; /* as in the Host field, with its port */
    char target[1024];
};

/* http://HOST[:PORT]/PATH, looked up at once. */
void url_parse(const char *text, struct url *out);

int net_connect(const struct sockaddr_in *address);
int net_listen(uint16_t port, uint16_t *out_port); /* port 0: any free one */
void net_no_delay(int fd);

/* The soft limit of open files becomes the hard one. */
void net_raise_files(void);
