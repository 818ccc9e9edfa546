// Merging of tokens: little work beside a layer's products, so written once for all instruction sets. What is long,
// the comparison of all pairs, is a product of the table's.

#include "CKernels.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

/// Rows of each side, rounded up.
static size_t side(size_t rows) { return rows / 2 + 1; }

/// Rows of one side that are compared with all of the other at once: all pairs of a long text would not fit.
#define RK_MATCH_ROWS 64

size_t rk_match_scratch(size_t rows, size_t head_size) {
  const size_t match = rows * head_size + RK_MATCH_ROWS * side(rows) + 3 * side(rows);
  const size_t merge = 2 * rows;
  return (match > merge ? match : merge) + RK_PANEL;
}

/// The sum over heads of a row's keys, of length 1.
static void put_key(const rk_kernels *kernels, const float *keys, size_t head_stride, size_t heads, size_t head_size,
                    float *out) {
  memcpy(out, keys, head_size * sizeof(float));
  for (size_t head = 1; head < heads; head++) rk_add(kernels, out, keys + head * head_stride, head_size, out);
  rk_normalize(kernels, out, head_size);
}

void rk_match_tokens(const rk_kernels *kernels, const float *keys, size_t head_stride, size_t heads, size_t head_size,
                     size_t rows, size_t first, size_t last, size_t count, float *scratch, float *target, size_t ldt) {
  const size_t candidates = last > first ? last - first : 0;
  const size_t left = (candidates + 1) / 2, right = candidates / 2;
  float *own = scratch, *other = own + left * head_size, *cosines = other + right * head_size;
  float *best = cosines + RK_MATCH_ROWS * right, *match = best + left, *taken = match + left;
  if (count > 0 && right > 0 && heads > 0) {
    for (size_t i = 0; i < candidates; i++)
      put_key(kernels, keys + (first + i) * head_size, head_stride, heads, head_size,
              (i % 2 == 0 ? own : other) + i / 2 * head_size);
    for (size_t a = 0; a < left; a++) {
      if (a % RK_MATCH_ROWS == 0)
        rk_matrix_product(kernels, own + a * head_size, head_size, left - a < RK_MATCH_ROWS ? left - a : RK_MATCH_ROWS,
                          head_size, other, head_size, right, 1, cosines, right);
      const float *row = cosines + a % RK_MATCH_ROWS * right;
      float highest = -INFINITY;
      size_t place = 0;
      for (size_t b = 0; b < right; b++)
        if (row[b] > highest) {
          highest = row[b];
          place = b;
        }
      best[a] = highest;
      match[a] = (float)place;
      taken[a] = 0.0f;
    }
    for (size_t n = 0; n < count; n++) {
      size_t place = left;
      for (size_t a = 0; a < left; a++)
        if (taken[a] == 0.0f && (place == left || best[a] > best[place])) place = a;
      taken[place] = 1.0f;
    }
  } else {
    for (size_t a = 0; a < left; a++) taken[a] = 0.0f;
  }
  size_t number = 0;
  for (size_t i = 0; i < rows; i++) {
    const int is_left = i >= first && i < last && (i - first) % 2 == 0;
    if (is_left && taken[(i - first) / 2] != 0.0f) continue;
    target[i * ldt] = (float)number++;
  }
  for (size_t a = 0; a < left; a++)
    if (taken[a] != 0.0f) target[(first + 2 * a) * ldt] = target[(first + 2 * (size_t)match[a] + 1) * ldt];
}

void rk_merge_rows(const float *x, size_t ldx, size_t rows, size_t width, const float *target, size_t ldt,
                   const float *sizes, size_t lds, size_t merged, float *scratch, float *out, size_t ldo) {
  float *total = scratch, *parts = scratch + merged;
  memset(scratch, 0, 2 * merged * sizeof(float));
  for (size_t i = 0; i < rows; i++) parts[(size_t)target[i * ldt]] += 1.0f;
  for (size_t i = 0; i < rows; i++) {
    const size_t place = (size_t)target[i * ldt];
    const float *row = x + i * ldx, size = sizes ? sizes[i * lds] : 1.0f;
    float *sum = out + place * ldo;
    if (parts[place] == 1.0f) {
      memcpy(sum, row, width * sizeof(float));
      continue;
    }
    if (total[place] == 0.0f) {
      for (size_t column = 0; column < width; column++) sum[column] = size * row[column];
    } else {
      for (size_t column = 0; column < width; column++) {
        const float part = size * row[column];
        sum[column] += part;
      }
    }
    total[place] += size;
  }
  for (size_t place = 0; place < merged; place++) {
    if (parts[place] == 1.0f) continue;
    for (size_t column = 0; column < width; column++) out[place * ldo + column] /= total[place];
  }
}

void rk_merge_sizes(const float *target, size_t ldt, const float *sizes, size_t lds, size_t rows, size_t merged,
                    float *out, size_t ldo) {
  for (size_t place = 0; place < merged; place++) out[place * ldo] = 0.0f;
  for (size_t i = 0; i < rows; i++) out[(size_t)target[i * ldt] * ldo] += sizes ? sizes[i * lds] : 1.0f;
}

void rk_log_sizes(const float *sizes, size_t lds, size_t count, float *out) {
  for (size_t i = 0; i < count; i++) out[i] = (float)log((double)sizes[i * lds]);
}
