/*
 * guard.c - the destination of each connection is judged by its address and port
 */
#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* memcached, etcd, Docker, Kubernetes, Redis and its kin, SQL servers, search engines, message brokers. */
static const int closed_ports[] = {
    1433,  1521,  2049,  2181,  2375,  2376,  2379,  2380,  3306,  4222,  5432, 5672,
    5984,  6379,  6380,  6443,  7000,  7001,  8086,  8500,  9042,  9092,  9200, 9300,
    10250, 10255, 11211, 15672, 16379, 26379, 27017, 27018, 33060, 50070,
};

bool guard_allows_port(int port)
{
    if (port == 80 || port == 443) {
        return true;
    }
    for (size_t i = 0; i < sizeof closed_ports / sizeof closed_ports[0]; i++) {
        if (port == closed_ports[i]) {
            return false;
        }
    }
    return port >= 1024 && port <= 65535;
}

static int port_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohs(v4.sin_port);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    return -1;
}

static bool allows(struct guard *guard, const struct sockaddr *address)
{
    bool allowed =
        guard_allows_port(port_of(address)) && destination_is_allowed(address, guard->allow);
    guard->refused = guard->refused || !allowed;
    return allowed;
}

int guard_open_socket(struct guard *guard, const struct sockaddr *address, int type, int protocol)
{
    if (!allows(guard, address)) {
        return -1;
    }
    return socket(address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

bool guard_allows_peer(struct guard *guard, const char *ip, int port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer = {0};
    char bare[INET6_ADDRSTRLEN] = "";
    size_t len = strcspn(ip, "%"); /* a scope is no part of the address */
    if (len < sizeof bare && port > 0 && port <= 65535) {
        memcpy(bare, ip, len);
    }
    if (inet_pton(AF_INET, bare, &peer.v4.sin_addr) == 1) {
        peer.v4.sin_family = AF_INET;
        peer.v4.sin_port = htons((uint16_t)port);
    } else if (inet_pton(AF_INET6, bare, &peer.v6.sin6_addr) == 1) {
        peer.v6.sin6_family = AF_INET6;
        peer.v6.sin6_port = htons((uint16_t)port);
    } else {
        guard->refused = true;
        return false;
    }
    return allows(guard, &peer.any);
}
