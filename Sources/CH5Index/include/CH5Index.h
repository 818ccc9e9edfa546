// What reuseformer-h5index needs and Swift cannot express: a file driver over an open descriptor, callbacks with one
// signature for every libhdf5, values hidden behind macros, and the confinement of the process. Nothing here decides
// anything; every function returns a status, negative for failure. `h5i_` stands for "HDF5 index".
#ifndef CH5INDEX_H
#define CH5INDEX_H

#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

// --- driver.c: a read-only file driver over a part of an open descriptor ---------------------------------------

// Opens `length` bytes from `base` on of the descriptor as an HDF5 file. libhdf5 never sees a path, so nothing in
// the file can make it open another one.
hid_t h5i_open(int descriptor, uint64_t base, uint64_t length);
// Reads exactly `size` bytes at `address` (relative to `base`); negative when they are not all there.
int h5i_read(uint64_t address, size_t size, void *buffer);
// Starting addresses of all metadata blocks that libhdf5 has read so far, in order of reading, with repetitions.
size_t h5i_metadata_count(void);
uint64_t h5i_metadata_address(size_t index);

// Where the last raw data were read; all ones before the first time.
uint64_t h5i_last_raw_address(void);

// --- library.c ---------------------------------------------------------------------------------------------------

// Starts libhdf5: no plugins, no external links, no error printing.
int h5i_start(void);
// The deepest entry of the error stack, as text, and whether it complains of an unknown version of something.
void h5i_last_failure(char *text, size_t size, int *is_version, int *is_memory);

enum { H5I_LINK_HARD, H5I_LINK_SOFT, H5I_LINK_EXTERNAL, H5I_LINK_USER };
typedef int (*h5i_link_visitor)(const char *name, int kind, uint64_t address, unsigned user_class, void *context);
// Calls `visit` for each link of a group in order of name; a non-zero answer stops.
int h5i_each_link(hid_t group, h5i_link_visitor visit, void *context);

typedef int (*h5i_attribute_visitor)(hid_t object, const char *name, void *context);
// Calls `visit` for each attribute of an object in order of name; a non-zero answer stops.
int h5i_each_attribute(hid_t object, h5i_attribute_visitor visit, void *context);

enum { H5I_OBJECT_GROUP, H5I_OBJECT_DATASET, H5I_OBJECT_DATATYPE, H5I_OBJECT_OTHER };
int h5i_object_info(hid_t object, int *kind, uint64_t *address);

typedef int (*h5i_chunk_visitor)(const uint64_t *coordinates, uint64_t address, uint64_t size, uint32_t mask,
                                 void *context);
// Calls `visit` for each chunk in the index of a chunked dataset; a non-zero answer stops.
int h5i_each_chunk(hid_t dataset, hid_t space, h5i_chunk_visitor visit, void *context);

// Types to read into: values of macros that call functions.
hid_t h5i_native_int64(void);
hid_t h5i_native_uint64(void);
hid_t h5i_native_double(void);
hid_t h5i_create_variable_string(H5T_cset_t cset);

// --- capture.c: variable-length data is not converted but noted --------------------------------------------------

typedef struct {
    uint32_t length;
    uint64_t address;  // of the global heap collection, relative to the base address of the file
    uint32_t index;
} h5i_heap_reference;
// From now on libhdf5 reads no global heap for variable-length elements: where it would, the references are noted.
int h5i_capture_variable_length(unsigned address_size);
// Forgets what was noted, and notes at most `limit` references from now on.
void h5i_capture_reset(size_t limit);
size_t h5i_captured_count(void);
const h5i_heap_reference *h5i_captured(size_t index);

// --- confinement.c -----------------------------------------------------------------------------------------------

// Closes all descriptors from `first` on: what a caller leaves open is none of our business.
void h5i_close_from(int first);
// Caps address space, processor time and what may be written; no core files, no children, nothing new to be opened.
int h5i_limit(uint64_t memory_bytes, uint64_t cpu_milliseconds, uint64_t output_bytes);
// Gives up everything but reading open files, writing to open files and memory. Final. Negative where the system has
// no such filter or does not let us use it.
int h5i_confine(void);

#endif
