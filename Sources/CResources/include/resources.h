// Files that are part of the program: their bytes stand in it, and it needs none beside it.
#ifndef RK_RESOURCES_H
#define RK_RESOURCES_H

#include <stddef.h>

typedef struct {
    /// Folder below Sources.
    const char *folder;
    /// The file's name in it.
    const char *name;
    /// The contents, and where they end.
    const unsigned char *start, *end;
} rk_resource;

/// The file of a number, in the order of folders and names; NULL behind the last one.
const rk_resource *rk_resource_at(size_t number);

#endif
