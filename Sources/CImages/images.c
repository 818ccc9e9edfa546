#include "internal.h"

#include <stdio.h>
#include <string.h>

void rf_image_say(char *message, const char *text) {
    size_t length = 0;
    while (length + 1 < RF_IMAGE_MESSAGE && text[length] != 0) {
        const char letter = text[length];
        message[length] = letter >= 0x20 && letter < 0x7F ? letter : ' ';
        length += 1;
    }
    message[length] = 0;
}

int rf_image_is_allowed(const rf_image_size *size, char *message) {
    const uint64_t pixels = (uint64_t)size->width * size->height;
    if (size->width == 0 || size->height == 0) {
        rf_image_say(message, "the picture has no pixels");
        return 0;
    }
    if (size->width <= RF_IMAGE_SIDE && size->height <= RF_IMAGE_SIDE && pixels <= RF_IMAGE_PIXELS) return 1;
    snprintf(
        message, RF_IMAGE_MESSAGE, "%u x %u pixels are more than the %d that are read", size->width, size->height,
        RF_IMAGE_PIXELS);
    return 0;
}

int rf_image_is_same(const rf_image_size *left, const rf_image_size *right) {
    return left->width == right->width && left->height == right->height && left->channels == right->channels;
}

static rf_image_status read_image(
    const uint8_t *bytes, size_t count, rf_image_size *size, uint8_t *pixels, char *message) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    message[0] = 0;
    if (count >= sizeof png && memcmp(bytes, png, sizeof png) == 0) {
        return rf_png_read(bytes, count, size, pixels, message);
    }
    if (count >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF) {
        return rf_jpeg_read(bytes, count, size, pixels, message);
    }
    rf_image_say(message, "neither a PNG nor a JPEG picture");
    return RF_IMAGE_UNKNOWN;
}

rf_image_status rf_image_probe(const uint8_t *bytes, size_t count, rf_image_size *size, char *message) {
    return read_image(bytes, count, size, NULL, message);
}

rf_image_status rf_image_decode(
    const uint8_t *bytes, size_t count, const rf_image_size *size, uint8_t *pixels, char *message) {
    rf_image_size expected = *size;
    return read_image(bytes, count, &expected, pixels, message);
}
