/// What the two readers share.

#ifndef REUSEFORMER_IMAGES_INTERNAL_H
#define REUSEFORMER_IMAGES_INTERNAL_H

#include "CImages.h"

/// `pixels` is null where only the header is wanted; then `size` is filled in, else it is compared.
rf_image_status rf_png_read(
    const uint8_t *bytes, size_t count, rf_image_size *size, uint8_t *pixels, char *message);
rf_image_status rf_jpeg_read(
    const uint8_t *bytes, size_t count, rf_image_size *size, uint8_t *pixels, char *message);

/// Copies a message, printable characters only.
void rf_image_say(char *message, const char *text);
/// Whether a size is within bounds; says so otherwise.
int rf_image_is_allowed(const rf_image_size *size, char *message);
/// Whether two sizes are the same.
int rf_image_is_same(const rf_image_size *left, const rf_image_size *right);

#endif
