/*
 * redis.h - one pipelined connection to Redis that reconnects for ever
 *
 * Commands are built into a struct redis_command and sent; each gets its callback exactly once, never before the sending call has
 * returned. Connecting again: at most once per second, with jitter; nothing is sent twice by itself.
 * Fails, as the callback's status:
 *   STATUS_DOWN    not done: no connection, too much waits already, or Redis answered LOADING READONLY MASTERDOWN NOREPLICAS MISCONF
 *                  OOM BUSY CLUSTERDOWN TRYAGAIN UNBLOCKED NOSCRIPT
 *   STATUS_UNSURE  sent, then the connection was lost or timed out: it may have been done (reply is an error LOST or TIMEOUT of our own)
 *   STATUS_LIMIT   the command had outgrown its bound; not sent
 *   STATUS_DENIED  NOAUTH WRONGPASS NOPERM     STATUS_FAILED  any other error reply (reply holds it)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../base/bytes.h"
#include "loop.h"

/* An answer, borrowed during the callback. */
struct redis_reply;
enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_INT, REDIS_LIST, REDIS_ERROR };
enum redis_type redis_reply_type(
    const struct redis_reply *reply); /* NULL: REDIS_NIL. Status and string are REDIS_TEXT. */
struct slice redis_reply_text(const struct redis_reply *reply); /* of text or error; else empty */
int64_t redis_reply_int(const struct redis_reply *reply);  /* of an int; of decimal text; else 0 */
size_t redis_reply_count(const struct redis_reply *reply); /* of a list; else 0 */
const struct redis_reply *redis_reply_at(const struct redis_reply *reply,
                                         size_t index); /* NULL past the end */

/* Writes a list of texts into out as slices; returns how many (at most max). For XRANGE fields and HGETALL. */
size_t redis_reply_slices(const struct redis_reply *reply, struct slice *out, size_t max);

/* redis://[[user:]password@]host[:port][/db], or unix:///path?db=N. */
struct redis_address {
    char host[256]; /* or a socket's path */
    int port;       /* 0: unix socket */
    int db;
    char user[128];
    char password[256];
};
enum status redis_address_parse(const char *url, struct redis_address *out,
                                struct error *err) must_check;

/* A command in wire form. Reusable after redis_send or redis_command_start. */
struct redis_command {
    struct buf wire;
    uint32_t args;
    size_t pack; /* where the strings of the open pack begin; 0: none is open */
};
void redis_command_init(struct redis_command *command); /* at most 64 MiB of wire */
void redis_command_fini(struct redis_command *command);
void redis_command_start(struct redis_command *command);
void redis_command_arg(struct redis_command *command, struct slice arg);
void redis_command_text(struct redis_command *command, const char *arg);
void redis_command_int(struct redis_command *command, int64_t arg);

/* What is appended between the two are the strings of one argument, as lua/lib/packed.lua reads it: in the str formats of MessagePack, one
 * after the other, and in its formats of unsigned integers how many strings an item has. Scripts with many arguments cost Redis less by it;
 * long texts cost it more, and stand behind the pack. */
void redis_command_open_pack(struct redis_command *command);
void redis_command_pack_size(struct redis_command *command, size_t size); /* at most 255 */
void redis_command_close_pack(struct redis_command *command);

struct redis;
typedef void (*redis_reply_fn)(enum status status, const struct redis_reply *reply, void *self);

struct redis_options {
    struct redis_address address;
    const char *client_name; /* for CLIENT SETNAME; copied */
    int64_t connect_timeout_ms;
    int64_t
        reply_timeout_ms; /* no answer for so long with commands waiting: the connection is given up. For a blocking reader: the block time and more */
    bool load_scripts;    /* those of each event (script.h) before it is up */
};

struct redis *redis_new(struct loop *loop, const struct redis_options *options);
/* Pending callbacks get STATUS_CANCELLED now. Also from within a callback. */
void redis_free(struct redis **redis);

/* Told of each connection made (after AUTH, SELECT, scripts), and of each loss. Up to 8 listeners. on_up may send commands at once. */
typedef void (*redis_state_fn)(bool up, void *self);
void redis_listen(struct redis *redis, redis_state_fn fn, void *self);
bool redis_is_up(const struct redis *redis);

/* Another number after each loss, and after each answer that says that behind the same connection is, or was, another Redis or one that
 * was started again: READONLY LOADING MASTERDOWN NOSCRIPT. */
uint64_t redis_epoch(const struct redis *redis);
void redis_reconnect(struct redis *redis); /* one that is up: as if it had been lost */
const char *redis_last_error(
    const struct redis *redis); /* why it is down, for people; "" when up. No password in it. */

/* Takes the wire out of *command (left empty, reusable). fn may be NULL. Answers come in the order of sending. */
void redis_send(struct redis *redis, struct redis_command *command, redis_reply_fn fn, void *self);

/* For small commands: printf-like words, each %s (char *), %d (int64_t via long long is %lld), %b not supported; one word per space. */
void redis_sendf(struct redis *redis, redis_reply_fn fn, void *self, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Index of an error reply's kind in redis_error_kinds (for metrics): loading readonly … lost, timeout, down, other. NULL-terminated. */
extern const char *const redis_error_kinds[];
size_t redis_error_kind(enum status status, const struct redis_reply *reply);

/* For script.c: notes that it is called on this connection; true when that is the first time. script: < 64. */
bool redis_note_script(struct redis *redis, unsigned script);

/* For script.c: sends the bytes (copied) of a finished command, observed under this name (static). */
void redis_send_wire(struct redis *redis, struct slice wire, const char *what, redis_reply_fn fn,
                     void *self);

/* Every command's outcome and time is reported here once, when set (for metrics). what: the script's name, else "command". */
typedef void (*redis_observe_fn)(const char *what, int64_t us, enum status status,
                                 const struct redis_reply *reply);
void redis_set_observer(redis_observe_fn fn);
