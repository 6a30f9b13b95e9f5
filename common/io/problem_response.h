/*
 * problem_response.h - RFC 9457 answers
 */
#pragma once

#include "../model/hook_event.h"
#include "http_server.h"

/* {"type":"about:blank" or the code's page,"title","status","detail","code","request_id"[,"errors":[{pointer,detail}]]}. headers as in http_response. */
void problem_body(struct buf *out, int status, const char *code, const char *detail, struct slice request_id,
                  const char *pointer /* NULL: no errors member */);
