/*
 * http_fields.h - the header fields that frame a request: what they may say, and what follows from them
 *
 * Pure. Sources: RFC 9112 sections 3.2, 6 and 9, RFC 9110 sections 5.6.2, 7.2 and 10.1.1. Where they let a server choose between
 * repairing and refusing, this refuses.
 */
#pragma once

#include "http_head.h"

bool http_is_token(struct slice text);

/* Judges all headers and fills content_length, is_chunked, keep_alive and expects_continue. */
enum status http_check_fields(struct http_head *head, struct http_refusal *out_refusal) must_check;
