/*
 * redis_address_fuzz.c - any text as the URL of Redis: refused with a sentence, or an address whose parts are all within bounds
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "io/redis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = xslicedup((struct slice){.at = (const char *)data, .len = size});
    struct redis_address address;
    struct error err = {{0}};

    if (redis_address_parse(url, &address, &err) != STATUS_OK) {
        must(err.text[0] != '\0');
    } else {
        must(strnlen(address.host, sizeof address.host) < sizeof address.host);
        must(strnlen(address.user, sizeof address.user) < sizeof address.user);
        must(strnlen(address.password, sizeof address.password) < sizeof address.password);
        must(address.host[0] != '\0' && address.port >= 0 && address.port <= 65535);
        must((address.port == 0) == (address.host[0] == '/'));
        must(address.user[0] == '\0' || address.password[0] != '\0');
    }
    free(url);
    return 0;
}
