#include "internal.h"

#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

enum {
    /// Complaints after which a file is no picture.
    MOST_WARNINGS = 1000,
    /// Scans of a progressive picture; more only cost time.
    MOST_SCANS = 200,
    /// Memory for the coefficients of a progressive picture.
    MOST_MEMORY = 1 << 29,
};

/// Everything that must survive a jump lives here, not in variables of the function that sets it.
typedef struct {
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct decoder;
    jmp_buf place;
    char *message;
    rf_image_status status;
} jpeg_state;

static jpeg_state *state_of(j_common_ptr decoder) { return decoder->client_data; }

static void leave(jpeg_state *state, rf_image_status status, const char *text) {
    rf_image_say(state->message, text);
    state->status = status;
    longjmp(state->place, 1);
}

static void fail(j_common_ptr decoder) {
    char text[JMSG_LENGTH_MAX];
    decoder->err->format_message(decoder, text);
    leave(state_of(decoder), RF_IMAGE_CORRUPT, text);
}

/// The library goes on with grey where data are missing; for us that is no picture.
static void note(j_common_ptr decoder, int level) {
    if (level >= 0) return;
    decoder->err->num_warnings += 1;
    const int code = decoder->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || decoder->err->num_warnings > MOST_WARNINGS) fail(decoder);
}

static void print_nothing(j_common_ptr decoder) { (void)decoder; }

static void watch(j_common_ptr decoder) {
    const jpeg_state *state = state_of(decoder);
    if (state->decoder.input_scan_number > MOST_SCANS) {
        leave(state_of(decoder), RF_IMAGE_LIMIT, "the picture has too many scans");
    }
}

static unsigned share(unsigned value, unsigned of) {
    const unsigned product = value * of + 128;
    return ((product >> 8) + product) >> 8;
}

/// Inks to red, green and blue, in the way and with the rounding of Pillow: files hold the inks' complements.
static void from_inks(const JSAMPLE *inks, uint8_t *pixels, uint32_t width) {
    for (uint32_t x = 0; x < width; x++) {
        const unsigned light = inks[4 * x + 3];
        for (int channel = 0; channel < 3; channel++) {
            pixels[3 * x + channel] = (uint8_t)(light - share(255u - inks[4 * x + channel], light));
        }
    }
}

static void read_all(
    jpeg_state *state, const uint8_t *bytes, size_t count, rf_image_size *size, uint8_t *pixels) {
    j_decompress_ptr decoder = &state->decoder;
    jpeg_create_decompress(decoder);
    // Creation clears what it does not know.
    decoder->client_data = state;
    decoder->progress = &state->progress;
    decoder->mem->max_memory_to_use = MOST_MEMORY;
    jpeg_mem_src(decoder, bytes, count);
    jpeg_read_header(decoder, TRUE);

    const rf_image_size found = {
        .width = decoder->image_width,
        .height = decoder->image_height,
        .channels = decoder->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3,
    };
    if (!rf_image_is_allowed(&found, state->message)) {
        state->status = RF_IMAGE_LIMIT;
        return;
    }
    const J_COLOR_SPACE space = decoder->jpeg_color_space;
    const int is_inks = space == JCS_CMYK || space == JCS_YCCK;
    if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB && !is_inks) {
        leave(state, RF_IMAGE_UNSUPPORTED, "a JPEG picture in other colours than grey, YCbCr, RGB and CMYK");
    }
    if (pixels == NULL) {
        *size = found;
        return;
    }
    if (!rf_image_is_same(size, &found)) leave(state, RF_IMAGE_CORRUPT, "the header has changed");
    decoder->out_color_space = is_inks ? JCS_CMYK : found.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(decoder);
    if (decoder->output_width != found.width || decoder->output_height != found.height
        || decoder->output_components != (is_inks ? 4 : (int)found.channels)) {
        leave(state, RF_IMAGE_CORRUPT, "rows have an unexpected length");
    }
    const size_t stride = (size_t)found.width * found.channels;
    // The library's own memory: it goes with the decoder, whatever happens.
    JSAMPARRAY inks =
        is_inks ? decoder->mem->alloc_sarray((j_common_ptr)decoder, JPOOL_IMAGE, found.width * 4, 1) : NULL;
    while (decoder->output_scanline < found.height) {
        uint8_t *const target = pixels + (size_t)decoder->output_scanline * stride;
        JSAMPROW row = is_inks ? inks[0] : target;
        // Without a source that waits for data a call that reads no row would repeat for ever.
        if (jpeg_read_scanlines(decoder, &row, 1) != 1) leave(state, RF_IMAGE_CORRUPT, "rows are missing");
        if (is_inks) from_inks(row, target, found.width);
    }
    jpeg_finish_decompress(decoder);
}

rf_image_status rf_jpeg_read(
    const uint8_t *bytes, size_t count, rf_image_size *size, uint8_t *pixels, char *message) {
    jpeg_state state;
    memset(&state, 0, sizeof state);
    jpeg_state *const live = &state;
    live->message = message;
    live->decoder.err = jpeg_std_error(&live->errors);
    live->decoder.client_data = live;
    live->errors.error_exit = fail;
    live->errors.emit_message = note;
    live->errors.output_message = print_nothing;
    live->progress.progress_monitor = watch;
    // After a jump only `state` is read, and nothing of it is kept in registers: its address was given away.
    if (setjmp(live->place) == 0) read_all(live, bytes, count, size, pixels);
    jpeg_destroy_decompress(&state.decoder);
    return state.status;
}
