/*
 * me.c - GET /api/me: who asks, and what it may do
 */
#include "model/account_record.h"
#include "model/json.h"
#include "api.h"

#define BODY_MAX 4096

static void put_party(struct json_writer *json, const char *name, struct slice id,
                      struct slice party_name)
{
    json_name(json, name);
    json_open(json, '{');
    json_name(json, "id");
    json_put_text(json, id);
    json_name(json, "name");
    json_put_text(json, party_name);
}

static void put_rate(struct json_writer *json, const struct rate_limit *limit)
{
    json_name(json, "rate_limit");
    rate_spec_json(json, &(struct rate_spec){limit->per_second, limit->burst});
    json_close(json, '}');
}

void api_me_get(struct call *call)
{
    const struct principal *who = &call->principal;
    struct buf body;
    buf_init(&body, BODY_MAX);
    struct json_writer json = {.out = &body};
    json_open(&json, '{');
    if (who->is_admin) {
        json_name(&json, "organization");
        json_put_null(&json);
    } else {
        put_party(&json, "organization", who->org, who->org_name);
        put_rate(&json, &who->limits[RATE_ORG]);
    }
    put_party(&json, "key", who->key_id, who->key_name);
    json_name(&json, "scopes");
    scopes_json(who->scopes, &json);
    put_rate(&json, &who->limits[RATE_KEY]);
    json_close(&json, '}');
    call_answer_json(call, 200, buf_slice(&body));
    buf_fini(&body);
}
