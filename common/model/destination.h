/*
 * destination.h - addresses a webhook may reach
 *
 * Decides on a resolved address, never on a URL's text. By default only global unicast is allowed: IPv4 outside the special-purpose
 * ranges, IPv6 only 2000::/3 outside its own. IPv4 carried in IPv6 is judged as IPv4 where that is all it means (mapped, NAT64), and
 * refused where a relay would take it on (6to4, Teredo) or nobody uses it (compatible). An allow-list of CIDRs opens ranges; an IPv6
 * range opens no IPv4, even if it is as wide as ::/0, and an IPv4 range no IPv6 but those two. Source: IANA special-purpose registries,
 * RFC 6890.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "../base/bytes.h"

#define CIDRS_MAX 64

struct cidr {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t prefix_len;  /* of 128 */
};

struct cidr_list {
    size_t count;
    struct cidr items[CIDRS_MAX];
};

/* Comma-separated, e.g. "127.0.0.0/8,::1/128"; a bare address is a single host; host bits must be zero. */
enum status cidr_list_parse(struct slice text, struct cidr_list *out, struct error *err) must_check;

bool destination_is_allowed(const struct sockaddr *address, const struct cidr_list *allow);
