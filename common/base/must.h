/*
 * must.h - conditions that only a bug can break
 *
 * must(cond) is compiled in always. It prints the place and the condition, writes the log's lines that wait and aborts; work
 * in hand is in Redis and is taken up by the next process. Never for anything that input, the network or the disk can cause.
 */
#pragma once

_Noreturn void must_fail(const char *cond, const char *file, int line);

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))
