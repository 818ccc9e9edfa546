// Weights in the order in which the products read them. Done once at load, so plain loops are enough.

#include "kernels.h"

#include <string.h>

size_t rk_packed_count(size_t k, size_t n) { return k * rk_round_up(n, RK_PANEL); }

/// Packs a matrix whose element (row i of k, column j of n) stands at `weight[i * row_step + j * column_step]`.
static void pack(const float *weight, size_t k, size_t n, size_t row_step, size_t column_step, float scale,
                 float *packed) {
  for (size_t column = 0; column < n; column += RK_PANEL) {
    size_t width = n - column < RK_PANEL ? n - column : RK_PANEL;
    const float *corner = weight + column * column_step;
    for (size_t i = 0; i < k; i++, packed += RK_PANEL) {
      for (size_t j = 0; j < width; j++) packed[j] = scale * corner[i * row_step + j * column_step];
      memset(packed + width, 0, (RK_PANEL - width) * sizeof(float));
    }
  }
}

void rk_pack(const float *weight, size_t k, size_t n, size_t ld, float scale, float *packed) {
  pack(weight, k, n, ld, 1, scale, packed);
}

void rk_pack_transposed(const float *weight, size_t k, size_t n, size_t ld, float scale, float *packed) {
  pack(weight, k, n, 1, ld, scale, packed);
}

void rk_store_key(const float *key, size_t head_size, size_t index, float *packed) {
  float *lane = packed + index / RK_PANEL * RK_PANEL * head_size + index % RK_PANEL;
  for (size_t i = 0; i < head_size; i++) lane[i * RK_PANEL] = key[i];
}

size_t rk_packed_bfloat_bytes(size_t k, size_t n) {
  return rk_round_up(n, RK_PANEL) * rk_round_up(k, 2) * sizeof(uint16_t);
}

void rk_pack_bfloat(const uint16_t *weight, size_t k, size_t n, size_t row_step, size_t column_step, void *packed) {
  uint16_t *out = packed;
  for (size_t column = 0; column < n; column += RK_PANEL) {
    const size_t width = n - column < RK_PANEL ? n - column : RK_PANEL;
    for (size_t i = 0; i < rk_round_up(k, 2); i += 2, out += 2 * RK_PANEL)
      for (size_t j = 0; j < 2 * RK_PANEL; j++) {
        const size_t row = i + j % 2, own = j / 2;
        const uint16_t value = row < k && own < width ? weight[row * row_step + (column + own) * column_step] : 0;
        // Below 2⁻⁵⁶ a number counts as 0.
        out[j] = (value & 0x7fff) < 0x2380 ? 0 : value;
      }
  }
}
