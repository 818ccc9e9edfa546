// libhdf5 reads global heaps without checking sizes and indices, and heaps carry no checksum. So its conversion of
// variable-length data is replaced by one that only notes where the data should lie; the helper reads the heap itself.
#define H5_USE_18_API 1
#include "CH5Index.h"

#include <stdlib.h>
#include <string.h>

static struct {
    h5i_heap_reference *items;
    size_t count, capacity, limit;
    unsigned address_size;
} noted = {NULL, 0, 0, 0, 8};

static uint64_t little_endian(const unsigned char *bytes, size_t count) {
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static int note(const unsigned char *element) {
    if (noted.count >= noted.limit)
        return -1;
    if (noted.count == noted.capacity) {
        size_t capacity = noted.capacity ? noted.capacity * 2 : 64;
        h5i_heap_reference *grown = realloc(noted.items, capacity * sizeof *grown);
        if (!grown)
            return -1;
        noted.items = grown;
        noted.capacity = capacity;
    }
    h5i_heap_reference *item = &noted.items[noted.count++];
    item->length = (uint32_t)little_endian(element, 4);
    item->address = little_endian(element + 4, noted.address_size);
    item->index = (uint32_t)little_endian(element + 4 + noted.address_size, 4);
    return 0;
}

static herr_t convert(hid_t source, hid_t target, H5T_cdata_t *data, size_t count, size_t stride,
                      size_t background_stride, void *buffer, void *background, hid_t transfer) {
    (void)background_stride, (void)background, (void)transfer;
    if (data->command != H5T_CONV_CONV) {
        data->need_bkg = H5T_BKG_NO;
        return 0;
    }
    size_t source_size = H5Tget_size(source), target_size = H5Tget_size(target);
    // Only elements as they lie in the file have this size; anything else is not ours to convert.
    if (source_size != 8 + noted.address_size || target_size == 0)
        return -1;
    const unsigned char *bytes = buffer;
    for (size_t i = 0; i < count; i++)
        if (note(bytes + i * (stride ? stride : source_size)) < 0)
            return -1;
    // Null pointers stand for the strings that were not read.
    if (stride)
        for (size_t i = 0; i < count; i++)
            memset((unsigned char *)buffer + i * stride, 0, target_size);
    else
        memset(buffer, 0, count * target_size);
    return 0;
}

int h5i_capture_variable_length(unsigned address_size) {
    noted.address_size = address_size;
    hid_t string = h5i_create_variable_string(H5T_CSET_UTF8);
    hid_t sequence = H5Tvlen_create(H5T_NATIVE_UCHAR);
    int status = string < 0 || sequence < 0 ? -1 : 0;
    // A soft conversion serves every pair of types of these classes.
    if (status == 0 && H5Tregister(H5T_PERS_SOFT, "noted string", string, string, convert) < 0)
        status = -1;
    if (status == 0 && H5Tregister(H5T_PERS_SOFT, "noted sequence", sequence, sequence, convert) < 0)
        status = -1;
    H5Tclose(string);
    H5Tclose(sequence);
    return status;
}

void h5i_capture_reset(size_t limit) {
    noted.count = 0;
    noted.limit = limit;
}

size_t h5i_captured_count(void) { return noted.count; }
const h5i_heap_reference *h5i_captured(size_t index) { return index < noted.count ? &noted.items[index] : NULL; }
