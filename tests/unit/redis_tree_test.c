/*
 * redis_tree_test.c - answers of every shape, however they arrive, and what the tree keeps of them
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/redis_tree.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KEPT_MAX ((size_t)257 << 10) /* a block and its head */

struct reading {
    struct redis_tree tree;
    redisReader *reader;
};

static void start(struct reading *reading)
{
    *reading = (struct reading){.reader = redisReaderCreateWithFunctions(NULL)};
    assert_non_null(reading->reader);
    redis_tree_serve(&reading->tree, reading->reader);
}

static void stop(struct reading *reading)
{
    redisReaderFree(reading->reader);
    redis_tree_fini(&reading->tree);
    assert_null(reading->tree.newest);
}

static void feed(struct reading *reading, struct slice wire)
{
    assert_int_equal(redisReaderFeed(reading->reader, wire.at, wire.len), REDIS_OK);
}

/* NULL: not all of it is there yet. */
static const struct redis_reply *answer(struct reading *reading)
{
    void *reply;

    assert_int_equal(redisReaderGetReply(reading->reader, &reply), REDIS_OK);
    return reply;
}

/* In a form in which two different answers never look alike. */
static void describe(const struct redis_reply *reply, struct buf *out)
{
    struct slice text = redis_reply_text(reply);

    switch (redis_reply_type(reply)) {
    case REDIS_NIL:
        buf_add_text(out, "nil");
        break;
    case REDIS_INT:
        buf_add_i64(out, redis_reply_int(reply));
        break;
    case REDIS_TEXT:
    case REDIS_ERROR:
        buf_printf(out, "%c%zu:", redis_reply_type(reply) == REDIS_ERROR ? 'e' : 't', text.len);
        buf_add_slice(out, text);
        assert_int_equal(text.at[text.len], '\0');
        break;
    case REDIS_LIST:
        buf_add_char(out, '[');
        for (size_t i = 0; i < redis_reply_count(reply); i++) {
            buf_add_text(out, i > 0 ? " " : "");
            describe(redis_reply_at(reply, i), out);
        }
        buf_add_char(out, ']');
        assert_null(redis_reply_at(reply, redis_reply_count(reply)));
        break;
    }
}

static void assert_answer(const struct redis_reply *reply, struct slice wanted)
{
    struct buf found;

    assert_non_null(reply);
    buf_init(&found, (size_t)1 << 20);
    describe(reply, &found);
    if (!slice_eq(buf_slice(&found), wanted))
        fail_msg("%.*s, not %.*s", (int)found.len, found.at, (int)wanted.len, wanted.at);
    buf_fini(&found);
}

#define LEVELS_15                                                                                  \
    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"

static const struct {
    struct slice wire;
    struct slice wanted;
} shapes[] = {
    {SLICE("+OK\r\n"), SLICE("t2:OK")},
    {SLICE("+\r\n"), SLICE("t0:")},
    {SLICE("-ERR no\r\n"), SLICE("e6:ERR no")},
    {SLICE(":0\r\n"), SLICE("0")},
    {SLICE(":-9223372036854775808\r\n"), SLICE("-9223372036854775808")},
    {SLICE("$0\r\n\r\n"), SLICE("t0:")},
    {SLICE("$7\r\na\0\r\n$b\xff\r\n"), SLICE("t7:a\0\r\n$b\xff")},
    {SLICE("$-1\r\n"), SLICE("nil")},
    {SLICE("*-1\r\n"), SLICE("nil")},
    {SLICE("*0\r\n"), SLICE("[]")},
    {SLICE("*3\r\n*0\r\n*-1\r\n$-1\r\n"), SLICE("[[] nil nil]")},
    {SLICE("*3\r\n:1\r\n-ERR in a list\r\n$1\r\nx\r\n"), SLICE("[1 e13:ERR in a list t1:x]")},
    {SLICE("*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n*2\r\n$3\r\n1-2\r\n*-1\r\n"),
     SLICE("[[t3:1-1 [t1:a t0:]] [t3:1-2 nil]]")},
    {SLICE(LEVELS_15 "*2\r\n:1\r\n+end\r\n"), SLICE("[[[[[[[[[[[[[[[[1 t3:end]]]]]]]]]]]]]]]]")},
    {SLICE("%2\r\n+a\r\n:1\r\n+b\r\n~2\r\n#t\r\n#f\r\n"), SLICE("[t1:a 1 t1:b [1 0]]")},
    {SLICE(">2\r\n,1.50\r\n_\r\n"), SLICE("[t4:1.50 nil]")},
    {SLICE("*2\r\n=5\r\ntxt:a\r\n=4\r\ntxt:\r\n"), SLICE("[t1:a t0:]")},
    {SLICE("(123456789012345678901234567890\r\n"), SLICE("t30:123456789012345678901234567890")},
};

static void test_shapes(void **state)
{
    struct reading reading;

    (void)state;
    start(&reading);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(shapes); i++) {
            feed(&reading, shapes[i].wire);
            assert_answer(answer(&reading), shapes[i].wanted);
            redis_tree_clear(&reading.tree);
        }
    }
    stop(&reading);
}

/* Two of each, so that the cut also falls between answers. */
static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct slice wire = shapes[i].wire;
        for (size_t cut = 1; cut < wire.len; cut++) {
            struct reading reading;
            start(&reading);
            feed(&reading, (struct slice){.at = wire.at, .len = cut});
            assert_null(answer(&reading));
            feed(&reading, slice_from(wire, cut));
            feed(&reading, wire);
            for (int n = 0; n < 2; n++) {
                assert_answer(answer(&reading), shapes[i].wanted);
                redis_tree_clear(&reading.tree);
            }
            assert_null(answer(&reading));
            stop(&reading);
        }
    }
}

static void test_byte_by_byte(void **state)
{
    struct reading reading;

    (void)state;
    start(&reading);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct slice wire = shapes[i].wire;
        for (size_t at = 0; at < wire.len; at++) {
            assert_null(answer(&reading));
            feed(&reading, (struct slice){.at = wire.at + at, .len = 1});
        }
        assert_answer(answer(&reading), shapes[i].wanted);
        redis_tree_clear(&reading.tree);
    }
    stop(&reading);
}

/* The reader's buffer moves under an answer that comes in pieces and spans many blocks. */
static void test_wide(void **state)
{
    enum { TEXTS = 30000 };
    struct reading reading;
    const struct redis_reply *reply = NULL;
    char text[32];

    (void)state;
    start(&reading);
    for (int round = 0; round < 2; round++) {
        feed(&reading, SLICE("*30000\r\n"));
        for (int i = 0; i < TEXTS; i++) {
            assert_null(answer(&reading));
            snprintf(text, sizeof text, "$9\r\n%09d\r\n", i);
            feed(&reading, slice_of(text));
        }
        reply = answer(&reading);
        assert_int_equal(redis_reply_count(reply), TEXTS);
        for (int i = 0; i < TEXTS; i++)
            assert_int_equal(redis_reply_int(redis_reply_at(reply, (size_t)i)), i);
        redis_tree_clear(&reading.tree);
        assert_in_range(reading.tree.size, 1, KEPT_MAX);
    }
    stop(&reading);
}

static void feed_giant(struct reading *reading, size_t len)
{
    char head[32];
    char *bytes = malloc(len);

    assert_non_null(bytes);
    memset(bytes, 'x', len);
    snprintf(head, sizeof head, "*2\r\n$%zu\r\n", len);
    feed(reading, slice_of(head));
    feed(reading, (struct slice){.at = bytes, .len = len});
    feed(reading, SLICE("\r\n$0\r\n\r\n"));
    free(bytes);
}

static void test_giant_is_given_back(void **state)
{
    static const size_t sizes[] = {8192, 262142, 262143, 262144, (size_t)60 << 20};
    struct reading reading;

    (void)state;
    start(&reading);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        feed_giant(&reading, sizes[i]);
        const struct redis_reply *reply = answer(&reading);
        struct slice text = redis_reply_text(redis_reply_at(reply, 0));
        assert_int_equal(text.len, sizes[i]);
        assert_int_equal(text.at[0], 'x');
        assert_memory_equal(text.at, text.at + 1, text.len - 1);
        assert_int_equal(redis_reply_text(redis_reply_at(reply, 1)).len, 0);
        /* Little more than the answer itself, and next to nothing afterwards. */
        assert_in_range(reading.tree.size, sizes[i], sizes[i] + 2 * KEPT_MAX);
        redis_tree_clear(&reading.tree);
        assert_in_range(reading.tree.size, 1, KEPT_MAX);
        feed(&reading, SLICE("*2\r\n$1\r\na\r\n:7\r\n"));
        assert_answer(answer(&reading), SLICE("[t1:a 7]"));
        redis_tree_clear(&reading.tree);
    }
    stop(&reading);
}

/* Usual answers, whatever came between, cost no allocation. */
static void test_reuse(void **state)
{
    struct reading reading;
    struct redis_tree_block *kept;

    (void)state;
    start(&reading);
    feed_giant(&reading, 200000);
    assert_non_null(answer(&reading));
    redis_tree_clear(&reading.tree);
    kept = reading.tree.newest;
    for (size_t round = 0; round < 10; round++) {
        if (round == 5) {
            feed_giant(&reading, (size_t)1 << 20);
            assert_non_null(answer(&reading));
            redis_tree_clear(&reading.tree);
            kept = reading.tree.newest;
        }
        feed_giant(&reading, 190000);
        assert_int_equal(redis_reply_count(answer(&reading)), 2);
        assert_ptr_equal(reading.tree.newest, kept);
        redis_tree_clear(&reading.tree);
    }
    stop(&reading);
}

static void test_bounds(void **state)
{
    static const struct slice wires[] = {
        SLICE(LEVELS_15 "*1\r\n"), SLICE(LEVELS_15 "%0\r\n"),
        SLICE("*4294967295\r\n"),  SLICE("*9223372036854775807\r\n"),
        SLICE("*11184811\r\n"),    SLICE("*2\r\n*5600000\r\n*5600000\r\n"),
    };
    struct reading reading;
    void *reply;

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        start(&reading);
        reading.reader->maxelements = 0;
        feed(&reading, SLICE("*2\r\n+before\r\n"));
        feed(&reading, wires[i]);
        assert_int_equal(redisReaderGetReply(reading.reader, &reply), REDIS_ERR);
        assert_int_equal(reading.reader->err, REDIS_ERR_OOM);
        assert_null(reply);
        stop(&reading);
    }
}

/* An error of the protocol in the midst of an answer, and an end before its end: nothing leaks and nothing is told. */
static void test_broken_off(void **state)
{
    static const struct slice wires[] = {
        SLICE("*3\r\n$3\r\nabc\r\n*2\r\n:1\r\n?\r\n"),
        SLICE("*2\r\n$3\r\nabc\r\n:12x\r\n"),
        SLICE("*2\r\n=3\r\ntxt\r\n"),
        SLICE("*2\r\n+a\r\n$-2\r\n"),
    };
    struct reading reading;
    void *reply;

    (void)state;
    for (size_t i = 0; i < COUNT(wires); i++) {
        start(&reading);
        feed(&reading, wires[i]);
        assert_int_equal(redisReaderGetReply(reading.reader, &reply), REDIS_ERR);
        assert_int_equal(reading.reader->err, REDIS_ERR_PROTOCOL);
        stop(&reading);
    }
    start(&reading);
    feed(&reading, SLICE("*2\r\n$3\r\nabc\r\n"));
    assert_null(answer(&reading));
    stop(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),       cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_byte_by_byte), cmocka_unit_test(test_wide),
        cmocka_unit_test(test_reuse),        cmocka_unit_test(test_giant_is_given_back),
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_broken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
