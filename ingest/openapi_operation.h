/*
 * openapi_operation.h - what the OpenAPI document says of one route
 *
 * A parameter is looked for in api/components.json as "<tag>.<name>", then as "<name>".
 */
#pragma once

struct json_writer;
struct route;

/* A member of the object of the route's path: "post":{…}. */
void openapi_operation_put(struct json_writer *json, const struct route *route);
