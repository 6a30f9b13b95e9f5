/*
 * redis_command.c - the wire form of commands: *<count> and for each argument $<length>, each line ended by CRLF
 *
 * The count is known last and stands first, and Redis takes no leading zeros in it. So room is left in front, and the count is
 * written to end where the arguments begin; the wire starts wherever the count does.
 */
#include "redis_command.h"

#include <string.h>

#include "../base/must.h"

#define WIRE_MAX ((size_t)64 << 20)
#define COUNT_ROOM 13  /* "*4294967295\r\n" */
#define LENGTH_ROOM 11 /* "$67108864\r\n" */
#define PACK_HEAD_ROOM 5
#define WORD_MAX ((size_t)64 << 10)

void redis_command_init(struct redis_command *command)
{
    buf_init(&command->wire, WIRE_MAX);
    command->args = 0;
    command->pack = 0;
}

void redis_command_fini(struct redis_command *command)
{
    buf_fini(&command->wire);
    command->args = 0;
}

void redis_command_start(struct redis_command *command)
{
    buf_clear(&command->wire);
    command->args = 0;
    command->pack = 0;
    must(buf_reserve(&command->wire, COUNT_ROOM) != NULL);
    buf_grew(&command->wire, COUNT_ROOM);
}

/* Every argument of every event passes here, hence no printf. Returns where it ends. */
static char *put_line(char *at, char type, uint64_t value)
{
    *at++ = type;
    at += decimal_encode(value, at);
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

/* Returns where it ends. */
static char *put_bytes(char *at, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

/* The format's size in its first byte, or behind it with the most significant byte first: https://github.com/msgpack/msgpack/blob/master/spec.md.
 * Returns where it ends. */
static char *put_pack_head(char *at, size_t len)
{
    int bytes = len < 32 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 4;
    static const unsigned char formats[] = {0, 0xd9, 0xda, 0, 0xdb};

    *at++ = (char)(bytes == 0 ? 0xa0 | len : formats[bytes]);
    while (bytes-- > 0)
        *at++ = (char)(len >> (8 * bytes));
    return at;
}

static void add_packed(struct redis_command *command, struct slice string)
{
    char *at =
        string.len < WIRE_MAX ? buf_reserve(&command->wire, PACK_HEAD_ROOM + string.len) : NULL;
    char *start = at;

    if (at == NULL) {
        command->wire.overflow = true;
        return;
    }
    at = put_bytes(put_pack_head(at, string.len), string);
    buf_grew(&command->wire, (size_t)(at - start));
}

void redis_command_open_pack(struct redis_command *command)
{
    must(command->wire.len >= COUNT_ROOM && command->pack == 0);
    if (buf_reserve(&command->wire, LENGTH_ROOM) != NULL)
        buf_grew(&command->wire, LENGTH_ROOM);
    command->pack = command->wire.len;
}

void redis_command_pack_size(struct redis_command *command, size_t size)
{
    size_t len = size < 128 ? 1 : 2;
    char *at;

    must(command->pack > 0 && size < 256);
    at = buf_reserve(&command->wire, 2);
    if (at == NULL)
        return;
    at[0] = (char)0xcc;
    at[len - 1] = (char)size;
    buf_grew(&command->wire, len);
}

/* The length is known last and stands first, in as many bytes as it takes: the strings move up to it. */
void redis_command_close_pack(struct redis_command *command)
{
    struct buf *wire = &command->wire;
    size_t pack = command->pack, len = wire->len - pack;

    must(pack > 0);
    command->pack = 0;
    if (buf_reserve(wire, 2) == NULL || wire->overflow)
        return;
    char *strings = put_line(wire->at + pack - LENGTH_ROOM, '$', len);
    memmove(strings, wire->at + pack, len);
    memcpy(strings + len, "\r\n", 2);
    wire->len = (size_t)(strings - wire->at) + len + 2;
    command->args++;
}

void redis_command_arg(struct redis_command *command, struct slice arg)
{
    if (command->pack > 0) {
        add_packed(command, arg);
        return;
    }
    size_t size = LENGTH_ROOM + arg.len + 2;
    char *at = arg.len < WIRE_MAX ? buf_reserve(&command->wire, size) : NULL;
    char *start = at;

    must(command->wire.len >= COUNT_ROOM); /* else it was not started */
    if (at == NULL) {
        command->wire.overflow = true;
        return;
    }
    at = put_bytes(put_line(at, '$', arg.len), arg);
    *at++ = '\r';
    *at++ = '\n';
    buf_grew(&command->wire, (size_t)(at - start));
    command->args++;
}

void redis_command_text(struct redis_command *command, const char *arg)
{
    redis_command_arg(command, slice_of(arg));
}

void redis_command_int(struct redis_command *command, int64_t arg)
{
    char text[1 + DECIMAL_MAX] = "-";
    size_t sign = arg < 0 ? 1 : 0;
    size_t len = sign + decimal_encode(arg < 0 ? 0 - (uint64_t)arg : (uint64_t)arg, text + sign);

    redis_command_arg(command, (struct slice){.at = text, .len = len});
}

enum status redis_command_wire(struct redis_command *command, struct slice *out)
{
    struct buf *wire = &command->wire;
    char count[COUNT_ROOM];
    size_t len = (size_t)(put_line(count, '*', command->args) - count);

    must(wire->len >= COUNT_ROOM && len <= sizeof count && command->pack == 0);
    if (wire->overflow)
        return STATUS_LIMIT;
    must(command->args > 0);
    memcpy(wire->at + COUNT_ROOM - len, count, len);
    *out = slice_from(buf_slice(wire), COUNT_ROOM - len);
    return STATUS_OK;
}

/* A va_list may be handed down only inside of something else. */
struct values {
    va_list list;
};

/* Appends the value of the conversion at *format, which stands behind its '%', and moves past it. */
static void add_value(struct buf *word, const char **format, struct values *values)
{
    static const char *const known[] = {"%", "s", "d", "u", "lld", "llu", "zu"};
    size_t which = 0;

    while (which < sizeof known / sizeof known[0] &&
           strncmp(*format, known[which], strlen(known[which])) != 0)
        which++;
    must(which < sizeof known / sizeof known[0]);
    *format += strlen(known[which]);
    switch (which) {
    case 0:
        buf_add_char(word, '%');
        break;
    case 1:
        buf_add_text(word, va_arg(values->list, const char *));
        break;
    case 2:
        buf_add_i64(word, va_arg(values->list, int));
        break;
    case 3:
        buf_add_u64(word, va_arg(values->list, unsigned));
        break;
    case 4:
        buf_add_i64(word, va_arg(values->list, long long));
        break;
    case 5:
        buf_add_u64(word, va_arg(values->list, unsigned long long));
        break;
    default:
        buf_add_u64(word, va_arg(values->list, size_t));
        break;
    }
}

void redis_command_vformat(struct redis_command *command, const char *format, va_list list)
{
    struct values values;
    struct buf word;

    va_copy(values.list, list);
    buf_init(&word, WORD_MAX);
    redis_command_start(command);
    for (const char *at = format; *at != '\0';) {
        buf_clear(&word);
        while (*at != '\0' && *at != ' ') {
            if (*at++ == '%')
                add_value(&word, &at, &values);
            else
                buf_add_char(&word, at[-1]);
        }
        redis_command_arg(command, buf_slice(&word));
        if (word.overflow)
            command->wire.overflow = true;
        if (*at == ' ')
            at++;
    }
    buf_fini(&word);
    va_end(values.list);
}
