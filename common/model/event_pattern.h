/*
 * event_pattern.h - which event types an endpoint wants
 *
 * "*" is all; "order.*" is every type below "order." (not "order" itself); anything else is one exact type. '*' stands
 * only alone or as the last segment.
 */
#pragma once

#include "../base/bytes.h"

#define EVENT_PATTERNS_MAX 100

bool event_pattern_is_valid(struct slice pattern);
bool event_pattern_matches(struct slice pattern, struct slice type); /* both valid */
