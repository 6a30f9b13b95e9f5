/*
 * service_secret.c - the key that encrypts endpoint secrets
 *
 * From the setting; in dev without it, one that the first process makes and keeps in mr:meta, so
 * that a trial needs no set-up and the records have the same form. Staging and production refuse to
 * start without the setting.
 */
#include "service_private.h"

#include "../base/log.h"
#include "../base/must.h"
#include "../base/random.h"
#include "../model/base64.h"
#include "../model/keys.h"
#include "../model/secret_box.h"

#define RETRY_MS 1000
#define LOG_INTERVAL_MS 30000

static void finish(struct service *service)
{
    loop_timer_free(&service->secret_timer);
    service->on_secret(service);
}

static void on_dev_key(enum status status, const struct redis_reply *reply, void *self)
{
    struct service *service = self;
    uint64_t suppressed;
    if (status == STATUS_CANCELLED)
        return;
    if (status == STATUS_OK &&
        secret_box_parse_key(redis_reply_text(reply), service->secret_key) == STATUS_OK) {
        finish(service);
        return;
    }
    if (log_limit_allows(&service->secret_log, LOG_INTERVAL_MS, &suppressed))
        log_event(LOG_WARN, "secret_key.unreadable", log_text("status", status_name(status)),
                  log_int("suppressed", (int64_t)suppressed));
    loop_timer_start(service->secret_timer, loop_jitter(RETRY_MS));
}

static void ask(void *self)
{
    struct service *service = self;
    if (service->settings->secret_key[0]) {
        /* Its form was checked when the settings were read. */
        must(secret_box_parse_key(slice_of(service->settings->secret_key), service->secret_key) ==
             STATUS_OK);
        finish(service);
        return;
    }
    uint8_t fresh[SECRET_BOX_KEY_LEN];
    char text[BASE64_SIZE(SECRET_BOX_KEY_LEN) + 1] = "";
    random_bytes(fresh, sizeof fresh);
    base64_encode(fresh, sizeof fresh, text);
    struct redis *redis = store_redis(service->store);
    redis_sendf(redis, NULL, NULL, "HSETNX mr:meta dev_secret_key %s", text);
    redis_sendf(redis, on_dev_key, service, "HGET mr:meta dev_secret_key");
}

void service_secret_find(struct service *service, loop_fn fn)
{
    must(!service->secret_timer);
    service->on_secret = fn;
    service->secret_timer = loop_timer_new(service->loop, ask, service);
    loop_timer_start(service->secret_timer, 0); /* carries the answer out of the caller's turn */
}
