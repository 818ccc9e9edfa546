// Products of 8-bit rows and 8-bit weights, once for all instruction sets. A set gives
//   RK_DEPTHS            numbers of a row that one step of the sums takes together
//   RK_LEVEL, RK_SHIFT   the type that a row's numbers are kept in, and what is subtracted from 0 … 255 to fit it
//   rk_weights           RK_DEPTHS rows of a panel as the dot products take them
//   weights_at(p)        reads them
//   level_at(p)          RK_DEPTHS numbers of a row, in every lane
//   dot_step(sum, x, w)  sum + Σ x · w, exact
// and how its registers are used, as dot_tile.inc.h says.

#include "vector.inc.h"

#include "activation.inc.h"
#include "registers.inc.h"
#include "store.inc.h"

typedef RK_LEVEL rk_level;

/// What stands behind the numbers of a row.
typedef struct {
  float scale;
  int32_t zero;
} rk_row_scale;

/// Numbers of a row with those that fill up the last step; weights are 0 there.
static size_t padded_depth(size_t k) { return rk_round_up(k, RK_DEPTHS < 4 ? 4 : RK_DEPTHS); }

static size_t quantized_stride(size_t k) {
  const size_t stride = rk_round_up(padded_depth(k) * sizeof(rk_level) + sizeof(rk_row_scale), 64);
  // Rows of whole pages would all lie in the same few sets of the first-level cache.
  return stride % 1024 ? stride : stride + 64;
}

RK_INLINE rk_row_scale row_scale_of(const uint8_t *row, size_t k) {
  rk_row_scale scale;
  memcpy(&scale, row + padded_depth(k) * sizeof(rk_level), sizeof scale);
  return scale;
}

// ---- rows --------------------------------------------------------------------------------------------------------

/// Sixteen numbers of a row, times their factors.
RK_INLINE vf row_part(const float *x, const float *factors, size_t i) {
  const vf value = load(x + i);
  return factors ? value * load(factors + i) : value;
}

RK_INLINE vf row_end(const float *x, const float *factors, size_t i, size_t count) {
  const vf value = load_first(x + i, count);
  return factors ? value * load_first(factors + i, count) : value;
}

typedef struct {
  vf low, high;
  vf trouble;  // not a number where a number of the row is not finite
} rk_range;

RK_INLINE void widen(rk_range *range, vf x) {
  range->low = x < range->low ? x : range->low;
  range->high = x > range->high ? x : range->high;
  range->trouble = fma_(x, splat(0.0f), range->trouble);
}

/// Adding 1.5 · 2²³ rounds to an integer, half to even, and leaves it in the low bits.
#define RK_SHIFTER 12582912.0f

/// Levels of sixteen numbers: `zero` is the row's less what rounding leaves above the low bits.
///
/// Nothing is below 0: the lowest number of the row rounds to −zero. The highest may round up to 256.
RK_INLINE void store_levels(rk_level *out, vf x, vf inverse, vi zero) {
  typedef uint32_t vu __attribute__((ext_vector_type(RK_LANES)));
  typedef rk_level levels __attribute__((ext_vector_type(RK_LANES)));
  const vf scaled = x * inverse;
  const vf rounded = scaled + splat(RK_SHIFTER);
  const vu level = __builtin_elementwise_min((vu)((vi)rounded + zero), (vu)255);
  const levels narrow = __builtin_convertvector(level - (vu)RK_SHIFT, levels);
  memcpy(out, &narrow, sizeof narrow);
}

RK_INLINE void quantize_row(const float *x, size_t k, const float *factors, uint8_t *out) {
  const size_t whole = k / RK_LANES * RK_LANES;
  // Two at a time: each waits for itself.
  rk_range a = {splat(0.0f), splat(0.0f), splat(0.0f)}, b = a;
  size_t i = 0;
  for (; i + 2 * RK_LANES <= whole; i += 2 * RK_LANES) {
    widen(&a, row_part(x, factors, i));
    widen(&b, row_part(x, factors, i + RK_LANES));
  }
  if (i < whole) widen(&a, row_part(x, factors, i));
  if (whole < k) widen(&b, row_end(x, factors, whole, k - whole));
  const vf lows = a.low < b.low ? a.low : b.low, highs = a.high > b.high ? a.high : b.high;
  const float low = -max_lanes(-lows), high = max_lanes(highs);
  const float trouble = sum_lanes(a.trouble + b.trouble), range = high - low;

  rk_level *levels = (rk_level *)out;
  rk_row_scale scale = {0.0f, 0};
  float inverse = 0.0f;
  const int is_finite = trouble == 0.0f && range <= 3.4028234e38f;
  if (!is_finite) {
    scale.scale = __builtin_nanf("");
  } else if (range >= 0x1p-100f) {
    inverse = 255.0f / range;
    scale.scale = range / 255.0f;
    const float scaled = -low * inverse;
    const float shifted = scaled + RK_SHIFTER;
    scale.zero = (int32_t)(shifted - RK_SHIFTER);
  }
  if (inverse == 0.0f) {
    for (size_t j = 0; j < k; j++) levels[j] = (rk_level)(0 - RK_SHIFT);
  } else {
    const vf inverses = splat(inverse);
    const vi zeros = (vi)scale.zero - (vi)splat(RK_SHIFTER);
    for (i = 0; i < whole; i += RK_LANES) store_levels(levels + i, row_part(x, factors, i), inverses, zeros);
    if (whole < k) {
      rk_level rest[RK_LANES];
      store_levels(rest, row_end(x, factors, whole, k - whole), inverses, zeros);
      memcpy(levels + whole, rest, (k - whole) * sizeof(rk_level));
    }
  }
  for (size_t j = k; j < padded_depth(k); j++) levels[j] = 0;
  memcpy(levels + padded_depth(k), &scale, sizeof scale);
}

static void quantize(const float *x, size_t ldx, size_t rows, size_t k, const float *factors, uint8_t *out) {
  const size_t stride = quantized_stride(k);
  for (size_t row = 0; row < rows; row++, x += ldx, out += stride) {
    if (factors) quantize_row(x, k, factors, out);
    else quantize_row(x, k, NULL, out);
  }
}

static void quantized_row(const uint8_t *row, size_t k, uint8_t *values, float *scale, int *zero) {
  const rk_level *levels = (const rk_level *)row;
  for (size_t i = 0; i < k; i++) values[i] = (uint8_t)(levels[i] + RK_SHIFT);
  const rk_row_scale own = row_scale_of(row, k);
  *scale = own.scale;
  *zero = own.zero;
}

// ---- weights -----------------------------------------------------------------------------------------------------

#define RK_PANEL_HEAD (RK_PANEL * sizeof(int32_t))

/// A panel: the sums of its sixteen columns, then [depth / RK_DEPTHS][16][RK_DEPTHS].
static size_t panel_bytes(size_t k) { return RK_PANEL * (sizeof(int32_t) + padded_depth(k)); }

static void pack_quantized(const int8_t *weight, size_t k, size_t n, size_t row_step, size_t column_step,
                           uint8_t *packed) {
  const size_t bytes = panel_bytes(k);
  for (size_t column = 0; column < n; column += RK_PANEL, packed += bytes) {
    const size_t width = n - column < RK_PANEL ? n - column : RK_PANEL;
    int32_t sums[RK_PANEL] = {0};
    int8_t *values = (int8_t *)packed + sizeof sums;
    memset(values, 0, bytes - sizeof sums);
    for (size_t i = 0; i < k; i++) {
      int8_t *step = values + i / RK_DEPTHS * RK_DEPTHS * RK_PANEL + i % RK_DEPTHS;
      for (size_t j = 0; j < width; j++) {
        const int8_t value = weight[i * row_step + (column + j) * column_step];
        step[j * RK_DEPTHS] = value;
        sums[j] += value;
      }
    }
    memcpy(packed, sums, sizeof sums);
  }
}

// ---- products ----------------------------------------------------------------------------------------------------

typedef vi rk_sum;
typedef rk_quantized_product rk_dot_product;
#define RK_ROW_STEP (RK_DEPTHS * sizeof(rk_level))
#define RK_PANEL_STEP (RK_DEPTHS * RK_PANEL)

/// The scale of a tile's row, which stands behind its numbers.
RK_INLINE rk_row_scale scale_of_row(const rk_dot_tile *tile, size_t row) {
  rk_row_scale scale;
  memcpy(&scale, tile->x + tile->depth * sizeof(rk_level) + row * tile->stride, sizeof scale);
  return scale;
}

/// Sums start at −zero · Σ w (rows that are kept shifted down count from there), so that the zero costs nothing more.
RK_INLINE vi first_sum(const rk_dot_tile *tile, size_t row, size_t panel) {
  vi columns;
  memcpy(&columns, tile->w + panel * tile->apart, sizeof columns);
  return (vi)(RK_SHIFT - scale_of_row(tile, row).zero) * columns;
}

RK_INLINE void last_sums(const rk_dot_tile *tile, size_t row, const vi *sums, vf *values, const size_t panels) {
  const vf scale = splat(scale_of_row(tile, row).scale);
  RK_UNROLL for (size_t p = 0; p < panels; p++) values[p] = __builtin_convertvector(sums[p], vf) * scale;
}

#include "dot_tile.inc.h"

const rk_quantized_kernels RK_QUANTIZED_TABLE = {
    .stride = quantized_stride,
    .quantize = quantize,
    .row = quantized_row,
    .panel_bytes = panel_bytes,
    .pack = pack_quantized,
    .multiply = multiply_dots,
};
