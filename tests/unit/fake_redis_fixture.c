/*
 * fake_redis_fixture.c - a process for each connection, which serves it from a table of answers
 */
#include "fake_redis_fixture.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWERS_MAX 32
#define ONCE "once "

static void write_words(const redisReply *command, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < command->elements && len + 1 < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? " " : "",
                                command->element[i]->str);
    for (char *at = out; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
}

static const char *find(const struct fake_answer *answers, const redisReply *command)
{
    static char words[512];
    static bool is_used[ANSWERS_MAX];

    write_words(command, words, sizeof words);
    for (size_t i = 0; answers[i].command != NULL; i++) {
        bool is_once = strncmp(answers[i].answer, ONCE, strlen(ONCE)) == 0;
        if (strncmp(words, answers[i].command, strlen(answers[i].command)) != 0 || is_used[i])
            continue;
        is_used[i] = is_once;
        return answers[i].answer + (is_once ? strlen(ONCE) : 0);
    }
    return "+OK\r\n";
}

/* False when the connection is to be closed. */
static bool answer_all(int fd, redisReader *reader, const struct fake_answer *answers)
{
    redisReply *command;

    for (;;) {
        if (redisReaderGetReply(reader, (void **)&command) != REDIS_OK)
            return false;
        if (command == NULL)
            return true;
        const char *answer = find(answers, command);
        freeReplyObject(command);
        if (strcmp(answer, "close") == 0)
            return false;
        if (write(fd, answer, strlen(answer)) != (ssize_t)strlen(answer))
            return false;
    }
}

static _Noreturn void serve(int fd, const struct fake_answer *answers)
{
    redisReader *reader = redisReaderCreate();
    char bytes[4096];
    ssize_t got;

    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        redisReaderFeed(reader, bytes, (size_t)got);
        if (!answer_all(fd, reader, answers))
            break;
    }
    redisReaderFree(reader);
    _exit(0);
}

static _Noreturn void accept_all(int fd, const struct fake_answer *answers)
{
    for (;;) {
        int client = accept(fd, NULL, NULL);
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(client, answers);
        }
        close(client);
    }
}

void fake_redis_start(struct fake_redis *fake, const struct fake_answer *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(fd, 8), 0);
    fake->port = ntohs(address.sin_port);
    fflush(NULL);
    fake->pid = fork();
    assert_true(fake->pid >= 0);
    if (fake->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGCHLD, SIG_IGN);
        accept_all(fd, answers);
    }
    close(fd);
}

void fake_redis_stop(struct fake_redis *fake)
{
    assert_int_equal(kill(fake->pid, SIGKILL), 0);
    assert_int_equal(waitpid(fake->pid, NULL, 0), fake->pid);
    fake->pid = 0;
}

struct redis_address fake_redis_address(const struct fake_redis *fake)
{
    struct redis_address address = {.host = "127.0.0.1", .port = fake->port};
    return address;
}
