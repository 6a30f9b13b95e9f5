#include "forget.h"

#include "base/log.h"
#include "io/config_feed.h"
#include "model/keys.h"

static void send(struct redis *redis, const char *verb, const struct key *key, struct slice member)
{
    struct redis_command command;
    redis_command_init(&command);
    redis_command_start(&command);
    redis_command_text(&command, verb);
    redis_command_arg(&command, key_slice(key));
    if (member.len > 0)
        redis_command_arg(&command, member);
    redis_send(redis, &command, NULL, NULL);
    redis_command_fini(&command);
}

/* member: "<key id>:<SHA-256>". It goes last: until then, the next step asks for the key again. */
static void forget_key(struct redis *redis, uint32_t partition, struct slice org,
                       struct slice member)
{
    struct slice sha256 = member, id = slice_cut(&sha256, ':');
    struct key keys = key_of_id(partition, KEY_ORG_KEYS, org);
    if (id.len > 0 && id.len < OTHER_ID_SIZE && sha256.len > 0 && sha256.len <= 64) {
        struct key key = key_api_key(sha256), rate = key_of_id(partition, KEY_RATE, id);
        send(redis, "DEL", &key, (struct slice){0});
        send(redis, "DEL", &rate, (struct slice){0});
        config_announce(redis, SLICE("key"), sha256, org, "removed", NULL, NULL);
    }
    send(redis, "ZREM", &keys, member);
}

static void forget_organization(struct redis *redis, struct slice org)
{
    struct key orgs = key_orgs(), record = key_org(org);
    send(redis, "ZREM", &orgs, org);
    send(redis, "DEL", &record, (struct slice){0});
    log_event(LOG_INFO, "organization.forgotten", log_slice("org", org));
}

bool forget_elsewhere(struct redis *redis, uint32_t partition, const struct redis_reply *reply)
{
    struct slice word = redis_reply_text(redis_reply_at(reply, 0));
    struct slice org = redis_reply_text(redis_reply_at(reply, 2));
    size_t count = redis_reply_count(reply);
    if (slice_is(word, "organization")) {
        forget_organization(redis, org);
        return true;
    }
    if (!slice_is(word, "keys") && !slice_is(word, "endpoints"))
        return false;
    for (size_t i = 3; i < count; i++) {
        struct slice member = redis_reply_text(redis_reply_at(reply, i));
        if (slice_is(word, "keys"))
            forget_key(redis, partition, org, member);
        else
            config_announce(redis, SLICE("endpoint"), member, org, "removed", NULL, NULL);
    }
    return true;
}
