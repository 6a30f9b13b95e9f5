/*
 * openapi.h - the OpenAPI 3.1 document, made from the table of routes
 *
 * What the table cannot say is in api/document.json (tags, webhooks), api/components.json (security, parameters, headers,
 * problems) and api/schemas.json.
 */
#pragma once

#include "base/bytes.h"

/* Inits out; the caller frees it. */
void openapi_write(struct buf *out);
