#include "net.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define BACKLOG 4096

void url_parse(const char *text, struct url *out)
{
    struct slice rest = slice_of(text);
    char host[256], port[8] = "80";
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found;
    if (!slice_starts(rest, "http://"))
        errx(EXIT_FAILURE, "%s: only http:// URLs are measured", text);
    rest = slice_from(rest, strlen("http://"));
    struct slice authority = slice_cut(&rest, '/');
    snprintf(out->target, sizeof out->target, "/%.*s", (int)rest.len, rest.at ? rest.at : "");
    if (slice_to_text(authority, out->host, sizeof out->host) != STATUS_OK)
        errx(EXIT_FAILURE, "%s: the host is too long", text);
    struct slice name = slice_cut(&authority, ':');
    if (slice_to_text(name, host, sizeof host) != STATUS_OK ||
        (authority.len > 0 && slice_to_text(authority, port, sizeof port) != STATUS_OK))
        errx(EXIT_FAILURE, "%s: not a host and port", text);
    int code = getaddrinfo(host, port, &hints, &found);
    if (code != 0)
        errx(EXIT_FAILURE, "%s: %s", text, gai_strerror(code));
    memcpy(&out->address, found->ai_addr, sizeof out->address);
    freeaddrinfo(found);
}

void net_no_delay(int fd)
{
    int yes = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0)
        err(EXIT_FAILURE, "TCP_NODELAY");
}

int net_connect(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        err(EXIT_FAILURE, "connect to port %u", ntohs(address->sin_port));
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        err(EXIT_FAILURE, "O_NONBLOCK");
    net_no_delay(fd);
    return fd;
}

int net_listen(uint16_t port, uint16_t *out_port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        err(EXIT_FAILURE, "listen on port %u", port);
    *out_port = ntohs(address.sin_port);
    return fd;
}

void net_raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        err(EXIT_FAILURE, "RLIMIT_NOFILE");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        err(EXIT_FAILURE, "RLIMIT_NOFILE");
}
