/*
 * redis_fixture.c - starts, stops, kills and pauses redis-server
 */
#include "redis_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
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

#define ARGUMENTS_MAX 48
#define START_TRIES 1000 /* of 10 ms */

static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static _Noreturn void become_server(const struct redis_fixture *fixture, const char *options)
{
    char base[256], more[512];
    char *arguments[ARGUMENTS_MAX];
    size_t count = 0;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(base, sizeof base,
             "redis-server --bind 127.0.0.1 --port %d --dir %s --save  --logfile redis.log",
             fixture->port, fixture->directory);
    snprintf(more, sizeof more, "%s", options);
    for (char *rest = base, *word; (word = strsep(&rest, " ")) != NULL;)
        arguments[count++] = word;
    for (char *rest = more, *word;
         (word = strsep(&rest, " ")) != NULL && count + 1 < ARGUMENTS_MAX;)
        if (*word != '\0')
            arguments[count++] = word;
    arguments[count] = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execvp(arguments[0], arguments);
    _exit(127);
}

static bool answers(const struct redis_fixture *fixture)
{
    struct timeval limit = {.tv_sec = 1};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", fixture->port, limit);
    redisReply *reply = NULL;
    bool is_up;

    if (context->err == 0 && redisSetTimeout(context, limit) == REDIS_OK)
        reply = redisCommand(context, "PING");
    /* A server with a password says so, which is an answer too; one that loads says LOADING. */
    is_up = reply != NULL && strncmp(reply->str, "LOADING", 7) != 0;
    freeReplyObject(reply);
    redisFree(context);
    return is_up;
}

static void start(struct redis_fixture *fixture, const char *options)
{
    fflush(NULL);
    fixture->pid = fork();
    assert_true(fixture->pid >= 0);
    if (fixture->pid == 0)
        become_server(fixture, options);
    for (int tries = 0; tries < START_TRIES; tries++) {
        int status;
        assert_int_equal(waitpid(fixture->pid, &status, WNOHANG), 0);
        if (answers(fixture))
            return;
        usleep(10000);
    }
    fail_msg("redis-server does not answer");
}

void redis_fixture_start(struct redis_fixture *fixture, const char *options)
{
    *fixture = (struct redis_fixture){.port = free_port()};
    const char *parent = getenv("TMPDIR"); /* tests/run removes it, with what aborted tests left */
    int len = snprintf(fixture->directory, sizeof fixture->directory, "%s/redis_fixture.XXXXXX",
                       parent ? parent : "/tmp");
    assert_in_range(len, 1, sizeof fixture->directory - 1);
    assert_non_null(mkdtemp(fixture->directory));
    start(fixture, options);
}

void redis_fixture_restart(struct redis_fixture *fixture, const char *options)
{
    if (fixture->pid != 0)
        redis_fixture_kill(fixture);
    start(fixture, options);
}

void redis_fixture_kill(struct redis_fixture *fixture)
{
    assert_int_equal(kill(fixture->pid, SIGKILL), 0);
    assert_int_equal(waitpid(fixture->pid, NULL, 0), fixture->pid);
    fixture->pid = 0;
}

void redis_fixture_pause(struct redis_fixture *fixture)
{
    assert_int_equal(kill(fixture->pid, SIGSTOP), 0);
    assert_int_equal(waitpid(fixture->pid, NULL, WUNTRACED), fixture->pid);
}

void redis_fixture_resume(struct redis_fixture *fixture)
{
    assert_int_equal(kill(fixture->pid, SIGCONT), 0);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *place)
{
    (void)stat;
    (void)kind;
    (void)place;
    return remove(path);
}

void redis_fixture_stop(struct redis_fixture *fixture)
{
    if (fixture->pid != 0)
        redis_fixture_kill(fixture);
    nftw(fixture->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct redis_address redis_fixture_address(const struct redis_fixture *fixture)
{
    struct redis_address address = {.host = "127.0.0.1", .port = fixture->port};
    return address;
}

const char *redis_fixture_ask(const struct redis_fixture *fixture, const char *format, ...)
{
    static char text[4096];
    redisContext *context = redisConnect("127.0.0.1", fixture->port);
    redisReply *reply;
    va_list values;

    assert_int_equal(context->err, 0);
    va_start(values, format);
    reply = redisvCommand(context, format, values);
    va_end(values);
    assert_non_null(reply);
    if (reply->str != NULL)
        snprintf(text, sizeof text, "%s", reply->str);
    else if (reply->type == REDIS_REPLY_NIL)
        text[0] = '\0';
    else
        snprintf(text, sizeof text, "%lld",
                 reply->type == REDIS_REPLY_INTEGER ? reply->integer : (long long)reply->elements);
    freeReplyObject(reply);
    redisFree(context);
    return text;
}
