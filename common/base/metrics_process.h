/*
 * metrics_process.h - the process_* metrics that every Prometheus client library has, of the calling process
 *
 * What /proc does not tell is left out.
 */
#pragma once

#include "bytes.h"

void metrics_process_render(struct buf *out);
