/*
 * ledger_test.c - first sightings, repeats, strays, and the file
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger.h"

static void counts_each_number_once(void **state)
{
    struct ledger ledger;
    (void)state;
    ledger_init(&ledger, 200);
    for (uint64_t number = 0; number < 200; number += 3)
        assert_true(ledger_note(&ledger, number));
    assert_false(ledger_note(&ledger, 63));
    assert_false(ledger_note(&ledger, 63));
    assert_int_equal(ledger.distinct, 67);
    assert_int_equal(ledger.repeats, 2);
    assert_int_equal(ledger.strays, 0);
    for (uint64_t number = 0; number < 200; number++)
        assert_int_equal(ledger_has(&ledger, number), number % 3 == 0);
    ledger_fini(&ledger);
}

static void refuses_numbers_out_of_range(void **state)
{
    struct ledger ledger;
    (void)state;
    ledger_init(&ledger, 65);
    assert_true(ledger_note(&ledger, 64));
    assert_false(ledger_note(&ledger, 65));
    assert_false(ledger_note(&ledger, UINT64_MAX));
    assert_int_equal(ledger.strays, 2);
    assert_int_equal(ledger.distinct, 1);
    assert_false(ledger_has(&ledger, 65));
    ledger_fini(&ledger);
}

static void begins_again_when_cleared(void **state)
{
    struct ledger ledger;
    (void)state;
    ledger_init(&ledger, 10);
    ledger_note(&ledger, 3);
    ledger_note(&ledger, 3);
    ledger_note(&ledger, 30);
    ledger_clear(&ledger);
    assert_int_equal(ledger.distinct + ledger.repeats + ledger.strays, 0);
    assert_true(ledger_note(&ledger, 3));
    ledger_fini(&ledger);
}

static void saves_its_bits_without_the_zeros_behind(void **state)
{
    struct ledger ledger;
    char path[32];
    uint8_t bytes[8];
    (void)state;
    int fd = memfd_create("ledger_test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ledger_init(&ledger, 1000);
    ledger_note(&ledger, 0);
    ledger_note(&ledger, 9);
    ledger_note(&ledger, 23);
    assert_int_equal(ledger_save(&ledger, path), STATUS_OK);
    assert_int_equal(read(fd, bytes, sizeof bytes), 3);
    assert_int_equal(bytes[0], 0x01);
    assert_int_equal(bytes[1], 0x02);
    assert_int_equal(bytes[2], 0x80);
    close(fd);
    assert_int_equal(ledger_save(&ledger, "/nowhere/at/all"), STATUS_FAILED);
    ledger_fini(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_number_once),
        cmocka_unit_test(refuses_numbers_out_of_range),
        cmocka_unit_test(begins_again_when_cleared),
        cmocka_unit_test(saves_its_bits_without_the_zeros_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
