#include "internal.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/// Everything that must survive a jump lives here, not in variables of the function that sets it.
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    png_structp png;
    png_infop info;
    png_bytep *rows;
    char *message;
    rf_image_status status;
} png_state;

static void fail(png_structp png, png_const_charp text) {
    png_state *state = png_get_error_ptr(png);
    rf_image_say(state->message, text);
    state->status = RF_IMAGE_CORRUPT;
    longjmp(png_jmpbuf(png), 1);
}

static void warn(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void take(png_structp png, png_bytep target, size_t length) {
    png_state *state = png_get_io_ptr(png);
    if (length > state->count - state->position) png_error(png, "the file is cut short");
    memcpy(target, state->bytes + state->position, length);
    state->position += length;
}

/// Asks for 8-bit grey or RGB, whatever is stored.
static void transform(png_structp png, png_infop info) {
    const int color = png_get_color_type(png, info);
    png_set_strip_16(png);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
}

static void read_all(png_state *state, rf_image_size *size, uint8_t *pixels) {
    png_structp png = state->png;
    png_set_read_fn(png, state, take);
    png_set_user_limits(png, RF_IMAGE_SIDE, RF_IMAGE_SIDE);
    // Text and profiles are of no use here: neither many chunks nor large ones.
    png_set_chunk_cache_max(png, 64);
    png_set_chunk_malloc_max(png, 4 << 20);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_read_info(png, state->info);

    const int color = png_get_color_type(png, state->info);
    const rf_image_size found = {
        .width = png_get_image_width(png, state->info),
        .height = png_get_image_height(png, state->info),
        .channels = (color & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1,
    };
    if (!rf_image_is_allowed(&found, state->message)) {
        state->status = RF_IMAGE_LIMIT;
        return;
    }
    if (pixels == NULL) {
        *size = found;
        return;
    }
    if (!rf_image_is_same(size, &found)) png_error(png, "the header has changed");
    transform(png, state->info);
    const size_t stride = (size_t)found.width * found.channels;
    if (png_get_rowbytes(png, state->info) != stride) png_error(png, "rows have an unexpected length");
    state->rows = calloc(found.height, sizeof(png_bytep));
    if (state->rows == NULL) png_error(png, "out of memory");
    for (uint32_t row = 0; row < found.height; row++) state->rows[row] = pixels + row * stride;
    png_read_image(png, state->rows);
    png_read_end(png, NULL);
}

rf_image_status rf_png_read(
    const uint8_t *bytes, size_t count, rf_image_size *size, uint8_t *pixels, char *message) {
    png_state state = {.bytes = bytes, .count = count, .message = message, .status = RF_IMAGE_OK};
    png_state *const live = &state;
    live->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, live, fail, warn);
    if (live->png == NULL) {
        rf_image_say(message, "libpng cannot be used");
        return RF_IMAGE_UNSUPPORTED;
    }
    live->info = png_create_info_struct(live->png);
    // After a jump only `state` is read, and nothing of it is kept in registers: its address was given away.
    if (live->info != NULL && setjmp(png_jmpbuf(live->png)) == 0) read_all(live, size, pixels);
    free(state.rows);
    png_destroy_read_struct(&state.png, &state.info, NULL);
    return state.status;
}
