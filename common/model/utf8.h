/*
 * utf8.h - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF
 */
#pragma once

#include "../base/bytes.h"

/* Bytes of the character at the front, 1 to 4; 0 when none stands there. */
size_t utf8_char_len(struct slice text);

bool utf8_is_valid(struct slice text);

/* C0, DEL or C1; text is valid. */
bool utf8_has_control(struct slice text);

/* U+FDD0 to U+FDEF, and the last two of each plane; text is valid. */
bool utf8_has_noncharacter(struct slice text);
