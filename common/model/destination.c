/*
 * destination.c - addresses a webhook may reach
 *
 * All addresses are looked at in the 16-byte form, IPv4 as ::ffff:a.b.c.d. Network ranges need no further exceptions:
 * what IANA calls reachable inside a special block (anycast, relays) is nobody's webhook.
 */
#include "destination.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define ADDRESS_LEN 16
#define MAPPED_BITS 96 /* the prefix of IPv4 in the 16-byte form */

static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

#define V4(a, b, c, bits)                                                                          \
    {                                                                                              \
        .address = {[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c)},                 \
        .prefix_len = MAPPED_BITS + (bits)                                                         \
    }
#define V6(a, b, c, d, e, f, bits)                                                                 \
    {                                                                                              \
        .address = {(a), (b), (c), (d), (e), (f)}, .prefix_len = (bits)                            \
    }

static const struct cidr SPECIAL[] = {
    V4(0, 0, 0, 8),                       /* this network */
    V4(10, 0, 0, 8),                      /* private */
    V4(100, 64, 0, 10),                   /* carrier-grade NAT */
    V4(127, 0, 0, 8),                     /* loopback */
    V4(169, 254, 0, 16),                  /* link-local, metadata services */
    V4(172, 16, 0, 12),                   /* private */
    V4(192, 0, 0, 24),                    /* protocol assignments */
    V4(192, 0, 2, 24),                    /* documentation */
    V4(192, 31, 196, 24),                 /* AS112 */
    V4(192, 52, 193, 24),                 /* AMT */
    V4(192, 88, 99, 24),                  /* 6to4 relays */
    V4(192, 168, 0, 16),                  /* private */
    V4(192, 175, 48, 24),                 /* AS112 */
    V4(198, 18, 0, 15),                   /* benchmarking */
    V4(198, 51, 100, 24),                 /* documentation */
    V4(203, 0, 113, 24),                  /* documentation */
    V4(224, 0, 0, 4),                     /* multicast */
    V4(240, 0, 0, 4),                     /* reserved, broadcast */
    V6(0x20, 0x01, 0, 0, 0, 0, 23),       /* protocol assignments: Teredo, ORCHID, AMT */
    V6(0x20, 0x01, 0x0d, 0xb8, 0, 0, 32), /* documentation */
    V6(0x20, 0x02, 0, 0, 0, 0, 16),       /* 6to4: a relay of our network takes it to any IPv4 */
    V6(0x26, 0x20, 0, 0x4f, 0x80, 0, 48), /* AS112 */
    V6(0x3f, 0xff, 0, 0, 0, 0, 20),       /* documentation */
};

static const struct cidr GLOBAL_UNICAST = V6(0x20, 0, 0, 0, 0, 0, 3);

/* Its last four bytes are the IPv4 address. In 64:ff9b:1::/48 it is up to the network where that stands, so it is never global. */
static const struct cidr NAT64 = V6(0, 0x64, 0xff, 0x9b, 0, 0, 96);

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void put_v4(const void *v4, uint8_t out[ADDRESS_LEN])
{
    memcpy(out, MAPPED, sizeof MAPPED);
    memcpy(out + sizeof MAPPED, v4, 4);
}

static bool is_v4(const uint8_t *address)
{
    return memcmp(address, MAPPED, sizeof MAPPED) == 0;
}

/* 0xff for the bits of byte i within the prefix. */
static uint8_t mask_of(uint8_t prefix_len, size_t i)
{
    size_t bits = prefix_len > i * 8 ? prefix_len - i * 8 : 0;
    return (uint8_t)(0xff00U >> (bits < 8 ? bits : 8));
}

static bool is_in(const uint8_t *address, const struct cidr *range)
{
    if (is_v4(address) && range->prefix_len < MAPPED_BITS)
        return false;
    for (size_t i = 0; i < ADDRESS_LEN; i++) {
        if ((address[i] ^ range->address[i]) & mask_of(range->prefix_len, i))
            return false;
    }
    return true;
}

static bool is_in_any(const uint8_t *address, const struct cidr *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_in(address, &ranges[i]))
            return true;
    }
    return false;
}

static enum status parse_address(struct slice text, uint8_t out[ADDRESS_LEN], bool *out_is_v4)
{
    char terminated[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (slice_to_text(text, terminated, sizeof terminated) != STATUS_OK ||
        strlen(terminated) != text.len)
        return STATUS_INVALID;
    *out_is_v4 = inet_pton(AF_INET, terminated, &v4) == 1;
    if (*out_is_v4)
        put_v4(&v4, out);
    else if (inet_pton(AF_INET6, terminated, out) != 1)
        return STATUS_INVALID;
    return STATUS_OK;
}

static bool has_host_bits(const struct cidr *range)
{
    for (size_t i = 0; i < ADDRESS_LEN; i++) {
        if (range->address[i] & (uint8_t)~mask_of(range->prefix_len, i))
            return true;
    }
    return false;
}

static enum status cidr_parse(struct slice text, struct cidr *out, struct error *err)
{
    struct slice rest = text;
    struct slice address = slice_cut(&rest, '/');
    bool v4 = false;
    if (parse_address(address, out->address, &v4) != STATUS_OK) {
        error_set(err, "\"%.*s\" is not an IPv4 or IPv6 address, or one with /LENGTH",
                  (int)(text.len < 64 ? text.len : 64), text.at);
        return STATUS_INVALID;
    }
    uint64_t bits = v4 ? 32 : 128;
    bool has_length = address.len < text.len;
    if (has_length && slice_to_u64(rest, bits, &bits) != STATUS_OK) {
        error_set(err, "the prefix length in \"%.*s\" is not a number from 0 to %d",
                  (int)(text.len < 64 ? text.len : 64), text.at, v4 ? 32 : 128);
        return STATUS_INVALID;
    }
    out->prefix_len = (uint8_t)(bits + (v4 ? MAPPED_BITS : 0));
    if (has_host_bits(out)) {
        error_set(err, "\"%.*s\" has bits set after its prefix", (int)text.len, text.at);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status cidr_list_parse(struct slice text, struct cidr_list *out, struct error *err)
{
    struct cidr_list list = {.count = 0};
    bool more = slice_trim(text).len > 0;
    while (more) {
        size_t before = text.len;
        struct slice item = slice_cut(&text, ',');
        more = item.len < before;
        if (list.count == CIDRS_MAX) {
            error_set(err, "more than %d address ranges", CIDRS_MAX);
            return STATUS_LIMIT;
        }
        if (cidr_parse(slice_trim(item), &list.items[list.count], err) != STATUS_OK)
            return STATUS_INVALID;
        list.count++;
    }
    *out = list;
    return STATUS_OK;
}

static bool is_special(const uint8_t *address, const struct cidr_list *allow)
{
    return !is_in_any(address, allow->items, allow->count) &&
           is_in_any(address, SPECIAL, COUNT(SPECIAL));
}

static bool v6_is_allowed(const uint8_t *address, const struct cidr_list *allow)
{
    if (is_in(address, &NAT64)) {
        uint8_t carried[ADDRESS_LEN];
        put_v4(address + ADDRESS_LEN - 4, carried);
        return !is_special(carried, allow);
    }
    return is_in(address, &GLOBAL_UNICAST) && !is_special(address, allow);
}

bool destination_is_allowed(const struct sockaddr *address, const struct cidr_list *allow)
{
    uint8_t bytes[ADDRESS_LEN];
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        put_v4(&v4.sin_addr, bytes);
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(bytes, &v6.sin6_addr, sizeof bytes);
    } else {
        return false;
    }
    if (is_in_any(bytes, allow->items, allow->count))
        return true;
    return is_v4(bytes) ? !is_special(bytes, allow) : v6_is_allowed(bytes, allow);
}
