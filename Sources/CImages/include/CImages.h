/// PNG and JPEG pictures as 8-bit pixels, through libpng and libjpeg-turbo. `rf_` stands for "reuseformer".
///
/// Both libraries leave a failing call by `longjmp`, which must not cross Swift: it starts and ends in this target.
/// Sizes are checked before anything is allocated for pixels; the caller allocates them.

#ifndef REUSEFORMER_IMAGES_H
#define REUSEFORMER_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    /// Longest side in pixels.
    RF_IMAGE_SIDE = 32768,
    /// Pixels of a picture.
    RF_IMAGE_PIXELS = 1 << 26,
    /// Bytes of a message, its end included.
    RF_IMAGE_MESSAGE = 200,
};

/// How a call ended.
typedef enum {
    RF_IMAGE_OK = 0,
    /// Neither PNG nor JPEG.
    RF_IMAGE_UNKNOWN = 1,
    /// Not what it says it is.
    RF_IMAGE_CORRUPT = 2,
    /// Sound, but of a kind that is not read.
    RF_IMAGE_UNSUPPORTED = 3,
    /// Larger than the bounds above.
    RF_IMAGE_LIMIT = 4,
} rf_image_status;

/// Size of a picture.
typedef struct {
    uint32_t width;
    uint32_t height;
    /// 1 (grey) or 3 (red, green, blue). Transparency is dropped, 16 bits are cut to 8, palettes are looked up, CMYK
    /// becomes RGB.
    uint32_t channels;
} rf_image_size;

/// Reads a picture's header.
///
/// - Parameters:
///   - bytes: The whole file.
///   - size: Filled in when the result is `RF_IMAGE_OK`.
///   - message: What is wrong, otherwise; `RF_IMAGE_MESSAGE` bytes.
rf_image_status rf_image_probe(const uint8_t *bytes, size_t count, rf_image_size *size, char *message);

/// Reads a picture's pixels, row by row from the top.
///
/// - Parameters:
///   - size: What `rf_image_probe` gave for the same bytes.
///   - pixels: Space for width · height · channels bytes.
rf_image_status rf_image_decode(
    const uint8_t *bytes, size_t count, const rf_image_size *size, uint8_t *pixels, char *message);

#ifdef __cplusplus
}
#endif

#endif
