#include "files.h"

#include "base/must.h"

const struct file *files_find(struct slice name)
{
    for (size_t i = 0; i < ingest_files_count; i++)
        if (slice_is(name, ingest_files[i].name))
            return &ingest_files[i];
    return NULL;
}

struct slice files_bytes(const char *name)
{
    const struct file *file = files_find(slice_of(name));
    must(file != NULL);
    return file->bytes;
}
