#define H5_USE_18_API 1
#include "CH5Index.h"

#include <stdio.h>
#include <string.h>

int h5i_start(void) {
    if (H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0)
        return -1;
    // A file may name filters; it must not make us load a library for them.
    if (H5PLset_loading_state(0) < 0)
        return -1;
    return H5Lunregister(H5L_TYPE_EXTERNAL) < 0 ? -1 : 0;
}

typedef struct {
    char *text;
    size_t size;
    int is_version, is_memory;
} failure;

static herr_t keep_deepest(unsigned depth, const H5E_error2_t *entry, void *context) {
    failure *kept = context;
    if (depth == 0)
        snprintf(kept->text, kept->size, "%s", entry->desc ? entry->desc : "");
    if (entry->min_num == H5E_VERSION || (depth == 0 && entry->desc && strstr(entry->desc, "version")))
        kept->is_version = 1;
    if (entry->min_num == H5E_NOSPACE || entry->min_num == H5E_CANTALLOC)
        kept->is_memory = 1;
    return 0;
}

void h5i_last_failure(char *text, size_t size, int *is_version, int *is_memory) {
    failure kept = {text, size, 0, 0};
    if (size > 0)
        text[0] = 0;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_deepest, &kept);
    H5Eclear2(H5E_DEFAULT);
    *is_version = kept.is_version;
    *is_memory = kept.is_memory;
}

typedef struct {
    h5i_link_visitor visit;
    void *context;
} link_visit;

static herr_t forward_link(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    (void)group;
    const link_visit *forward = context;
    switch (info->type) {
    case H5L_TYPE_HARD:
        return forward->visit(name, H5I_LINK_HARD, (uint64_t)info->u.address, 0, forward->context);
    case H5L_TYPE_SOFT:
        return forward->visit(name, H5I_LINK_SOFT, 0, 0, forward->context);
    case H5L_TYPE_EXTERNAL:
        return forward->visit(name, H5I_LINK_EXTERNAL, 0, 0, forward->context);
    default:
        return forward->visit(name, H5I_LINK_USER, 0, (unsigned)info->type, forward->context);
    }
}

int h5i_each_link(hid_t group, h5i_link_visitor visit, void *context) {
    link_visit forward = {visit, context};
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, forward_link, &forward);
}

typedef struct {
    h5i_attribute_visitor visit;
    void *context;
} attribute_visit;

static herr_t forward_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
    (void)info;
    const attribute_visit *forward = context;
    return forward->visit(object, name, forward->context);
}

int h5i_each_attribute(hid_t object, h5i_attribute_visitor visit, void *context) {
    attribute_visit forward = {visit, context};
    return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, forward_attribute, &forward);
}

int h5i_object_info(hid_t object, int *kind, uint64_t *address) {
    H5O_info_t info;
    if (H5Oget_info(object, &info) < 0)
        return -1;
    *address = (uint64_t)info.addr;
    *kind = info.type == H5O_TYPE_GROUP            ? H5I_OBJECT_GROUP
            : info.type == H5O_TYPE_DATASET        ? H5I_OBJECT_DATASET
            : info.type == H5O_TYPE_NAMED_DATATYPE ? H5I_OBJECT_DATATYPE
                                                   : H5I_OBJECT_OTHER;
    return 0;
}

#if H5_VERSION_GE(1, 14, 0)

typedef struct {
    h5i_chunk_visitor visit;
    void *context;
} chunk_visit;

static int forward_chunk(const hsize_t *offset, unsigned mask, haddr_t address, hsize_t size, void *context) {
    const chunk_visit *forward = context;
    return forward->visit((const uint64_t *)offset, (uint64_t)address, (uint64_t)size, mask, forward->context);
}

int h5i_each_chunk(hid_t dataset, hid_t space, h5i_chunk_visitor visit, void *context) {
    (void)space;
    chunk_visit forward = {visit, context};
    return H5Dchunk_iter(dataset, H5P_DEFAULT, forward_chunk, &forward);
}

#else

// Older versions can only be asked for the n-th chunk and count up to it each time.
int h5i_each_chunk(hid_t dataset, hid_t space, h5i_chunk_visitor visit, void *context) {
    hsize_t count = 0;
    if (H5Dget_num_chunks(dataset, space, &count) < 0)
        return -1;
    for (hsize_t i = 0; i < count; i++) {
        hsize_t offset[H5S_MAX_RANK + 1] = {0}, size = 0;
        haddr_t address = HADDR_UNDEF;
        unsigned mask = 0;
        if (H5Dget_chunk_info(dataset, space, i, offset, &mask, &address, &size) < 0)
            return -1;
        int answer = visit((const uint64_t *)offset, (uint64_t)address, (uint64_t)size, mask, context);
        if (answer != 0)
            return answer;
    }
    return 0;
}

#endif

hid_t h5i_native_int64(void) { return H5T_NATIVE_INT64; }
hid_t h5i_native_uint64(void) { return H5T_NATIVE_UINT64; }
hid_t h5i_native_double(void) { return H5T_NATIVE_DOUBLE; }

hid_t h5i_create_variable_string(H5T_cset_t cset) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0 || H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, cset) < 0)
        return -1;
    return type;
}
