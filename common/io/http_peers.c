/*
 * http_peers.c - connections counted by client address
 */
#include "http_peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../base/map.h"

enum {
    IPV6_NETWORK = 8,
    IPV4_IN_IPV6 = 12,
};

struct http_peer {
    char key[IPV6_NETWORK];
    size_t key_len;
    size_t count;
};

struct http_peers {
    struct map map;
};

static const struct sockaddr_in6 *as_ipv6(const struct sockaddr *address)
{
    return (const struct sockaddr_in6 *)(const void *)address;
}

static const void *ipv4_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&as_ipv6(address)->sin6_addr))
        return as_ipv6(address)->sin6_addr.s6_addr + IPV4_IN_IPV6;
    return NULL;
}

static struct slice key_of(const struct sockaddr *address)
{
    const void *ipv4 = ipv4_of(address);

    if (ipv4 != NULL)
        return (struct slice){.at = ipv4, .len = sizeof(struct in_addr)};
    if (address->sa_family == AF_INET6)
        return (struct slice){.at = (const char *)as_ipv6(address)->sin6_addr.s6_addr,
                              .len = IPV6_NETWORK};
    return SLICE("unix");
}

void http_peer_text(const struct sockaddr *address, char out[46])
{
    const void *ipv4 = ipv4_of(address);

    memcpy(out, "unix", sizeof "unix");
    if (ipv4 != NULL)
        inet_ntop(AF_INET, ipv4, out, 46);
    else if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &as_ipv6(address)->sin6_addr, out, 46);
}

struct http_peers *http_peers_new(void)
{
    struct http_peers *peers = xcalloc(1, sizeof *peers);

    map_init(&peers->map);
    return peers;
}

void http_peers_free(struct http_peers **peers)
{
    if (*peers == NULL)
        return;
    map_fini(&(*peers)->map);
    free(*peers);
    *peers = NULL;
}

struct http_peer *http_peers_enter(struct http_peers *peers, const struct sockaddr *address,
                                   size_t max)
{
    struct slice key = key_of(address);
    struct http_peer *peer = map_get(&peers->map, key);

    if (peer == NULL) {
        peer = xcalloc(1, sizeof *peer);
        memcpy(peer->key, key.at, key.len);
        peer->key_len = key.len;
        map_add(&peers->map, (struct slice){.at = peer->key, .len = key.len}, peer);
    } else if (max > 0 && peer->count >= max) {
        return NULL;
    }
    peer->count++;
    return peer;
}

void http_peers_leave(struct http_peers *peers, struct http_peer **peer_at)
{
    struct http_peer *peer = *peer_at;

    *peer_at = NULL;
    if (--peer->count > 0)
        return;
    map_remove(&peers->map, (struct slice){.at = peer->key, .len = peer->key_len});
    free(peer);
}
