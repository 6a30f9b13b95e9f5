/*
 * header_rules.h - headers that an endpoint may add to its webhooks
 *
 * They are sent as they are given, so nothing passes that could end a line, change the framing, or
 * take the place of our own.
 */
#pragma once

#include "../base/bytes.h"

#define HEADER_NAME_MAX 128
#define HEADER_VALUE_MAX 1024

/* Both say in *out_why (static) what is wrong. */
bool header_name_is_acceptable(struct slice name, const char **out_why);
bool header_value_is_acceptable(struct slice value, const char **out_why);
