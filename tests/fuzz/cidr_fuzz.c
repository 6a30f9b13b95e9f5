/*
 * cidr_fuzz.c - allow-lists only ever open addresses, each range opens itself, and mapped IPv4 is IPv4
 *
 * Input: an address of 16 bytes, then the list.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/must.h"
#include "model/destination.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_allowed(const uint8_t address[16], const struct cidr_list *allow)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v6.sin6_addr, address, 16);
    return destination_is_allowed((const struct sockaddr *)&v6, allow);
}

static bool v4_is_allowed(const uint8_t address[4], const struct cidr_list *allow)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    memcpy(&v4.sin_addr, address, 4);
    return destination_is_allowed((const struct sockaddr *)&v4, allow);
}

static void check_address(const uint8_t address[16], const struct cidr_list *allow)
{
    static const struct cidr_list none;
    uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
    must(!is_allowed(address, &none) || is_allowed(address, allow));
    memcpy(mapped + 12, address + 12, 4);
    must(is_allowed(mapped, allow) == v4_is_allowed(address + 12, allow));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cidr_list allow = {.count = 0};
    struct error err = {""};
    if (size < 16)
        return 0;
    struct slice text = {.at = (const char *)data + 16, .len = size - 16};
    enum status status = cidr_list_parse(text, &allow, &err);
    must((status == STATUS_OK) == (err.text[0] == '\0'));
    must(status == STATUS_OK || allow.count == 0);
    must(allow.count <= CIDRS_MAX);
    check_address(data, &allow);
    for (size_t i = 0; i < allow.count; i++) {
        must(allow.items[i].prefix_len <= 128);
        must(is_allowed(allow.items[i].address, &allow));
    }
    return 0;
}
