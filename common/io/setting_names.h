/*
 * setting_names.h - the names of all settings of all programs
 *
 * One environment or file may serve all of them: a name of another program is no error, a name of
 * none is. The lint checks this list against the programs' tables.
 */
#pragma once

extern const char *const setting_names[]; /* NULL-terminated, snake_case */
