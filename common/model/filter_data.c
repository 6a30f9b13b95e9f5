/*
 * filter_data.c - an event's data while filters look into it
 */
#include "filter_data.h"

#include <stdlib.h>
#include <string.h>

#include "../base/map.h"
#include "../base/must.h"
#include "filter.h"
#include "hook_event.h"

#define SMALL_MAX 32 /* members or items that are walked over every time */
#define WALKS_MAX 4  /* over all of the data, before its large parts are indexed */

/* An object's members by name, or where an array's items are. */
struct part {
    yyjson_val *whole; /* the key among the parts */
    struct map members;
    yyjson_val **items;
};

struct filter_data {
    yyjson_doc *doc; /* NULL: the text is no JSON */
    size_t steps;    /* members and items walked over */
    struct map parts;
    struct json_scratch scratch;
};

struct filter_data *filter_data_new(struct slice json)
{
    struct filter_data *data = xmalloc(sizeof *data);
    struct problem unread;

    data->doc = json_read(json, JSON_DEPTH_MAX, &data->scratch, &unread);
    data->steps = 0;
    map_init(&data->parts);
    return data;
}

static void free_part(struct part *part)
{
    map_fini(&part->members);
    free(part->items);
    free(part);
}

void filter_data_free(struct filter_data **data_at)
{
    struct filter_data *data = *data_at;
    size_t cursor = 0;
    struct part *part;

    *data_at = NULL;
    if (data == NULL)
        return;
    while ((part = map_next(&data->parts, &cursor)) != NULL)
        free_part(part);
    map_fini(&data->parts);
    json_read_free(&data->doc);
    free(data);
}

/* A name that stands there twice is the last one's, as in walk_object. */
static void index_object(struct part *part)
{
    yyjson_obj_iter iter;
    yyjson_val *name;

    must(yyjson_obj_iter_init(part->whole, &iter));
    while ((name = yyjson_obj_iter_next(&iter)) != NULL) {
        map_remove(&part->members, json_value_text(name));
        map_add(&part->members, json_value_text(name), yyjson_obj_iter_get_val(name));
    }
}

static void index_array(struct part *part)
{
    yyjson_arr_iter iter;
    size_t at = 0;

    part->items = xmalloc(yyjson_arr_size(part->whole) * sizeof(yyjson_val *));
    must(yyjson_arr_iter_init(part->whole, &iter));
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iter)) != NULL;)
        part->items[at++] = item;
}

/* NULL while it is to be walked over. */
static const struct part *part_of(struct filter_data *data, yyjson_val *whole)
{
    const size_t size = yyjson_get_len(whole);
    struct part *part;

    if (size <= SMALL_MAX || data->steps <= WALKS_MAX * yyjson_doc_get_val_count(data->doc))
        return NULL;
    part = map_get(&data->parts, (struct slice){(const char *)&whole, sizeof whole});
    if (part != NULL)
        return part;
    part = xcalloc(1, sizeof *part);
    part->whole = whole;
    map_init(&part->members);
    if (yyjson_is_obj(whole))
        index_object(part);
    else
        index_array(part);
    map_add(&data->parts, (struct slice){(const char *)&part->whole, sizeof part->whole}, part);
    return part;
}

static yyjson_val *walk_object(struct filter_data *data, yyjson_val *object, struct slice wanted)
{
    yyjson_val *found = NULL, *name;
    yyjson_obj_iter iter;

    if (!yyjson_obj_iter_init(object, &iter))
        return NULL;
    while ((name = yyjson_obj_iter_next(&iter)) != NULL)
        if (slice_eq(json_value_text(name), wanted))
            found = yyjson_obj_iter_get_val(name);
    data->steps += yyjson_obj_size(object);
    return found;
}

static yyjson_val *find_member(struct filter_data *data, yyjson_val *object, struct slice name)
{
    const struct part *part = part_of(data, object);

    return part != NULL ? map_get(&part->members, name) : walk_object(data, object, name);
}

static yyjson_val *find_item(struct filter_data *data, yyjson_val *array, struct slice token)
{
    const size_t size = yyjson_arr_size(array);
    const struct part *part;
    uint64_t index;

    if (size == 0 || (token.len > 1 && token.at[0] == '0') ||
        slice_to_u64(token, size - 1, &index) != STATUS_OK)
        return NULL;
    part = part_of(data, array);
    if (part != NULL)
        return part->items[index];
    data->steps += index;
    return yyjson_arr_get(array, index);
}

/* room has FILTER_PATH_MAX bytes. */
static struct slice unescaped(struct slice token, char *room)
{
    size_t len = 0;

    if (token.len == 0 || memchr(token.at, '~', token.len) == NULL)
        return token;
    for (size_t i = 0; i < token.len; i++) {
        const bool is_escape = token.at[i] == '~' && i + 1 < token.len;

        if (is_escape)
            i++;
        room[len++] = !is_escape ? token.at[i] : token.at[i] == '1' ? '/' : '~';
    }
    return (struct slice){room, len};
}

yyjson_val *filter_data_find(struct filter_data *data, struct slice pointer)
{
    yyjson_val *value = yyjson_doc_get_root(data->doc);
    struct slice rest = slice_from(pointer, 1);
    char room[FILTER_PATH_MAX];
    size_t left = 1; /* a pointer that ends in '/' has an empty last token */

    must(pointer.len <= sizeof room);
    for (size_t i = 1; i < pointer.len; i++)
        left += pointer.at[i] == '/';
    if (pointer.len == 0)
        left = 0;
    for (; left > 0 && value != NULL; left--) {
        const struct slice token = unescaped(slice_cut(&rest, '/'), room);

        if (yyjson_is_obj(value))
            value = find_member(data, value, token);
        else if (yyjson_is_arr(value))
            value = find_item(data, value, token);
        else
            value = NULL;
    }
    return value;
}
