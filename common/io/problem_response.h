/*
 * problem_response.h - RFC 9457 answers
 */
#pragma once

#include "http_server.h"

/* {"type":"about:blank","title","status","detail","code","request_id"[,"errors":[{pointer,detail}]]}; no errors member when pointer
 * is NULL. */
void problem_body(struct buf *out, int status, const char *code, const char *detail,
                  struct slice request_id, const char *pointer);
