// Packs weights of 8 and 4 bits. The layout is the same for all sets.

#include "kernels.h"

#include <string.h>

/// The float16 number of a float that is one.
static uint16_t half_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
  const uint32_t size = bits & 0x7fffffff;
  if (size >= 0x38800000) return (uint16_t)(sign | ((size - 0x38000000) >> 13));
  // Below 2⁻¹⁴ there is no leading bit: a whole number of times 2⁻²⁴.
  const float magnitude = value < 0 ? -value : value;
  return (uint16_t)(sign | (uint16_t)(magnitude * 0x1p24f));
}

size_t rk_compact_scale_bytes(const rk_compact_shape *shape) {
  const size_t groups = (shape->k + shape->group - 1) / shape->group;
  return rk_round_up(groups * RK_PANEL * (shape->wide ? sizeof(float) : sizeof(uint16_t)), 64);
}

size_t rk_compact_panel_bytes(const rk_compact_shape *shape) {
  const size_t bytes = shape->kind == RK_COMPACT_NIBBLES ? (shape->k + 7) / 8 * sizeof(uint32_t) : shape->k;
  return rk_round_up(rk_compact_scale_bytes(shape) + bytes * RK_PANEL, 64);
}

size_t rk_compact_bytes(const rk_compact_shape *shape) {
  return rk_round_up(shape->n, RK_PANEL) / RK_PANEL * rk_compact_panel_bytes(shape);
}

size_t rk_compact_scratch(const rk_compact_shape *shape) { return 4 * RK_PANEL * shape->k; }

void rk_pack_compact(const rk_compact_shape *shape, const int8_t *values, size_t row_step, size_t column_step,
                     const float *scales, void *packed) {
  const size_t bytes = rk_compact_panel_bytes(shape), before = rk_compact_scale_bytes(shape);
  const int nibbles = shape->kind == RK_COMPACT_NIBBLES;
  uint8_t *panel = packed;
  for (size_t column = 0; column < shape->n; column += RK_PANEL, panel += bytes) {
    const size_t width = shape->n - column < RK_PANEL ? shape->n - column : RK_PANEL;
    memset(panel, 0, bytes);
    for (size_t first = 0, group = 0; first < shape->k; first += shape->group, group++)
      for (size_t j = 0; j < width; j++) {
        const float scale = scales[group * shape->n + column + j];
        const uint16_t half = half_of(scale);
        if (shape->wide) memcpy(panel + (group * RK_PANEL + j) * sizeof scale, &scale, sizeof scale);
        else memcpy(panel + (group * RK_PANEL + j) * sizeof half, &half, sizeof half);
      }
    for (size_t i = 0; i < shape->k; i++)
      for (size_t j = 0; j < width; j++) {
        const int8_t value = values[i * row_step + (column + j) * column_step];
        if (!nibbles) {
          panel[before + i * RK_PANEL + j] = (uint8_t)value;
          continue;
        }
        uint8_t *at = panel + before + (i / 8 * RK_PANEL + j) * sizeof(uint32_t);
        uint32_t word;
        memcpy(&word, at, sizeof word);
        word |= (uint32_t)(value + 8) << 4 * (i % 8);
        memcpy(at, &word, sizeof word);
      }
  }
}
