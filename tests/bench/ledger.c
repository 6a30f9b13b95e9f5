#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the words are saved as they are");

static size_t words_of(const struct ledger *ledger)
{
    return (size_t)((ledger->capacity + 63) / 64);
}

void ledger_init(struct ledger *ledger, uint64_t capacity)
{
    must(capacity > 0 && capacity <= LEDGER_CAPACITY_MAX);
    *ledger = (struct ledger){.capacity = capacity};
    ledger->words = xcalloc(words_of(ledger), sizeof *ledger->words);
}

void ledger_fini(struct ledger *ledger)
{
    free(ledger->words);
    *ledger = (struct ledger){0};
}

void ledger_clear(struct ledger *ledger)
{
    memset(ledger->words, 0, words_of(ledger) * sizeof *ledger->words);
    ledger->distinct = ledger->repeats = ledger->strays = 0;
}

bool ledger_note(struct ledger *ledger, uint64_t number)
{
    if (number >= ledger->capacity) {
        ledger->strays++;
        return false;
    }
    uint64_t bit = 1ull << (number % 64);
    if (ledger->words[number / 64] & bit) {
        ledger->repeats++;
        return false;
    }
    ledger->words[number / 64] |= bit;
    ledger->distinct++;
    return true;
}

bool ledger_has(const struct ledger *ledger, uint64_t number)
{
    return number < ledger->capacity && (ledger->words[number / 64] >> (number % 64) & 1);
}

enum status ledger_save(const struct ledger *ledger, const char *path)
{
    const char *bytes = (const char *)ledger->words;
    size_t len = words_of(ledger) * sizeof *ledger->words;
    while (len > 0 && bytes[len - 1] == 0)
        len--;
    FILE *file = fopen(path, "wb");
    if (!file)
        return STATUS_FAILED;
    bool written = fwrite(bytes, 1, len, file) == len;
    return fclose(file) == 0 && written ? STATUS_OK : STATUS_FAILED;
}
