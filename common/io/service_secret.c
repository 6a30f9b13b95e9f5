/*
 * service_secret.c - the key that encrypts endpoint secrets
 *
 * From the setting; in dev without it, one that the first process makes and keeps in mr:meta, so that a trial needs no set-up and
 * the records have the same form. Staging and production refuse to start without the setting.
 */
#include "service_private.h"

#include <stdlib.h>
#include <string.h>

#include "../base/log.h"
#include "../base/random.h"
#include "../model/base64.h"
#include "../model/keys.h"
#include "../model/secret_box.h"

#define RETRY_MS 1000

struct search {
    struct service *service;
    struct loop_timer *timer; /* also carries the answer out of the caller's turn */
    loop_fn fn;
};

static void finish(struct search *search)
{
    struct service *service = search->service;
    loop_fn fn = search->fn;
    loop_timer_free(&search->timer);
    free(search);
    fn(service);
}

static void on_dev_key(enum status status, const struct redis_reply *reply, void *self)
{
    struct search *search = self;
    if (status == STATUS_OK &&
        secret_box_parse_key(redis_reply_text(reply), search->service->secret_key) == STATUS_OK) {
        finish(search);
        return;
    }
    if (status == STATUS_CANCELLED) {
        loop_timer_free(&search->timer);
        free(search);
        return;
    }
    log_event(LOG_WARN, "secret_key.unreadable", log_text("status", status_name(status)),
              log_slice("answer", redis_reply_text(reply)));
    loop_timer_start(search->timer, RETRY_MS);
}

static void ask(void *self)
{
    struct search *search = self;
    struct service *service = search->service;
    if (service->settings->secret_key[0]) {
        /* Its form was checked when the settings were read. */
        if (secret_box_parse_key(slice_of(service->settings->secret_key), service->secret_key) == STATUS_OK)
            finish(search);
        return;
    }
    uint8_t fresh[SECRET_BOX_KEY_LEN];
    char text[BASE64_SIZE(SECRET_BOX_KEY_LEN) + 1] = "";
    random_bytes(fresh, sizeof fresh);
    base64_encode(fresh, sizeof fresh, text);
    struct redis *redis = store_redis(service->store);
    redis_sendf(redis, NULL, NULL, "HSETNX mr:meta dev_secret_key %s", text);
    redis_sendf(redis, on_dev_key, search, "HGET mr:meta dev_secret_key");
}

void service_secret_find(struct service *service, loop_fn fn)
{
    struct search *search = xcalloc(1, sizeof *search);
    *search = (struct search){.service = service, .fn = fn};
    search->timer = loop_timer_new(service->loop, ask, search);
    loop_timer_start(search->timer, 0);
}
