#include "files.h"

const struct file *files_find(struct slice name)
{
    for (size_t i = 0; i < ingest_files_count; i++)
        if (slice_is(name, ingest_files[i].name))
            return &ingest_files[i];
    return NULL;
}
