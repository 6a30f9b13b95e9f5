/*
 * recipients.h - who gets an event
 */
#pragma once

#include "match.h"
#include "work.h"

/* Says it in the work, or why nobody does. index: of work->catalog. */
void recipients_find(struct work *work, const struct match_index *index);
