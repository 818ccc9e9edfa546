#define _GNU_SOURCE
#define H5_USE_18_API 1
#include "CH5Index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

typedef struct {
    H5FD_t header;  // libhdf5's own part; must be first
    haddr_t end_of_allocation;
} region_file;

// One file a process: the helper lives for a single file.
static struct {
    int descriptor;
    uint64_t base, length;
    uint64_t *metadata;
    size_t metadata_count, metadata_capacity;
    uint64_t last_raw_address;
} region = {-1, 0, 0, NULL, 0, 0, UINT64_MAX};

int h5i_read(uint64_t address, size_t size, void *buffer) {
    if (address > region.length || size > region.length - address)
        return -1;
    char *out = buffer;
    uint64_t position = region.base + address;
    while (size > 0) {
        ssize_t got = pread(region.descriptor, out, size, (off_t)position);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        out += got;
        position += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

size_t h5i_metadata_count(void) { return region.metadata_count; }
uint64_t h5i_last_raw_address(void) { return region.last_raw_address; }
uint64_t h5i_metadata_address(size_t index) { return region.metadata[index]; }

static int note_metadata(uint64_t address) {
    if (region.metadata_count > 0 && region.metadata[region.metadata_count - 1] == address)
        return 0;
    if (region.metadata_count == region.metadata_capacity) {
        size_t capacity = region.metadata_capacity ? region.metadata_capacity * 2 : 1024;
        uint64_t *grown = realloc(region.metadata, capacity * sizeof *grown);
        if (!grown)
            return -1;
        region.metadata = grown;
        region.metadata_capacity = capacity;
    }
    region.metadata[region.metadata_count++] = address;
    return 0;
}

static H5FD_t *region_open(const char *name, unsigned flags, hid_t fapl, haddr_t maxaddr) {
    (void)name, (void)fapl, (void)maxaddr;
    if (flags & (H5F_ACC_RDWR | H5F_ACC_CREAT | H5F_ACC_TRUNC))
        return NULL;
    return (H5FD_t *)calloc(1, sizeof(region_file));
}

static herr_t region_close(H5FD_t *file) {
    free(file);
    return 0;
}

static int region_compare(const H5FD_t *a, const H5FD_t *b) { return a < b ? -1 : a > b; }

static herr_t region_query(const H5FD_t *file, unsigned long *flags) {
    (void)file;
    // No gathering of small reads: each structure is asked for by itself, which tells us where it starts.
    if (flags)
        *flags = 0;
    return 0;
}

static haddr_t region_get_eoa(const H5FD_t *file, H5FD_mem_t type) {
    (void)type;
    return ((const region_file *)file)->end_of_allocation;
}

static herr_t region_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((region_file *)file)->end_of_allocation = address;
    return 0;
}

static haddr_t region_get_eof(const H5FD_t *file, H5FD_mem_t type) {
    (void)file, (void)type;
    return (haddr_t)region.length;
}

static herr_t region_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size, void *buffer) {
    (void)file, (void)transfer;
    if (address >= region.length)
        return -1;
    if (type == H5FD_MEM_DRAW)
        region.last_raw_address = (uint64_t)address;
    else if (note_metadata((uint64_t)address) < 0)
        return -1;
    // libhdf5 reads some headers speculatively beyond the end; zeros stand for what is not there.
    size_t there = size;
    if (there > region.length - address)
        there = (size_t)(region.length - address);
    if (h5i_read((uint64_t)address, there, buffer) < 0)
        return -1;
    memset((char *)buffer + there, 0, size - there);
    return 0;
}

static herr_t region_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                           const void *buffer) {
    (void)file, (void)type, (void)transfer, (void)address, (void)size, (void)buffer;
    return -1;
}

static const H5FD_class_t region_class = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value = 510,
#endif
    .name = "region",
    .maxaddr = (haddr_t)INT64_MAX,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = region_open,
    .close = region_close,
    .cmp = region_compare,
    .query = region_query,
    .get_eoa = region_get_eoa,
    .set_eoa = region_set_eoa,
    .get_eof = region_get_eof,
    .read = region_read,
    .write = region_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

hid_t h5i_open(int descriptor, uint64_t base, uint64_t length) {
    region.descriptor = descriptor;
    region.base = base;
    region.length = length;
    hid_t driver = H5FDregister(&region_class);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (driver < 0 || access < 0 || H5Pset_driver(access, driver, NULL) < 0)
        return -1;
    hid_t file = H5Fopen("region", H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}
