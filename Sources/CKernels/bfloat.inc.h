// Products in bfloat16, once for all instruction sets. A set gives
//   RK_BFLOAT_DOTS   1 where it multiplies pairs of bfloat16 numbers: rows are kept as such, by keep_rounded(out,
//   x), else
//                    as floats
//   rk_weights, weights_at(p), rk_levels, level_at(p), dot_step(sum, x, w) and the shapes of dot_tile.inc.h.

#include "vector.inc.h"

#include "activation.inc.h"
#include "registers.inc.h"
#include "store.inc.h"

#if RK_BFLOAT_DOTS
typedef uint16_t rk_kept;
#else
typedef float rk_kept;
#endif

static size_t padded_depth(size_t k) { return rk_round_up(k, 2); }
static size_t panel_bytes(size_t k) { return padded_depth(k) * RK_PANEL * sizeof(uint16_t); }

static size_t bfloat_stride(size_t k) {
  const size_t stride = rk_round_up(padded_depth(k) * sizeof(rk_kept), 64);
  // Rows of whole pages would all lie in the same few sets of the first-level cache.
  return stride % 1024 ? stride : stride + 64;
}

/// Keeps sixteen numbers, rounded.
RK_INLINE void keep(rk_kept *out, vf x) {
#if RK_BFLOAT_DOTS
  keep_rounded(out, x);
#else
  const vi nearest = rounded(x);
  memcpy(out, &nearest, sizeof nearest);
#endif
}

static void round_rows(const float *x, size_t ldx, size_t rows, size_t k, uint8_t *out) {
  const size_t stride = bfloat_stride(k), whole = k / RK_LANES * RK_LANES;
  for (size_t row = 0; row < rows; row++, x += ldx, out += stride) {
    rk_kept *kept = (rk_kept *)out;
    for (size_t i = 0; i < whole; i += RK_LANES) keep(kept + i, load(x + i));
    if (whole < k) {
      rk_kept rest[RK_LANES];
      keep(rest, load_first(x + whole, k - whole));
      memcpy(kept + whole, rest, (padded_depth(k) - whole) * sizeof(rk_kept));
    }
  }
}

#define RK_DEPTHS 2
#define RK_ROW_STEP (RK_DEPTHS * sizeof(rk_kept))
#define RK_PANEL_STEP (RK_DEPTHS * RK_PANEL * sizeof(uint16_t))
#define RK_PANEL_HEAD 0

typedef vf rk_sum;
typedef rk_bfloat_product rk_dot_product;

#if !RK_BFLOAT_DOTS
/// Rows of a panel, as floats: the lower half of a pair is its first number.
typedef struct {
  vf first, second;
} rk_weights;

RK_INLINE rk_weights weights_at(const uint8_t *p) {
  vi pairs;
  memcpy(&pairs, p, sizeof pairs);
  return (rk_weights){(vf)(pairs << 16), (vf)(pairs & (vi)0xffff0000)};
}

typedef rk_weights rk_levels;

RK_INLINE rk_levels level_at(const uint8_t *p) {
  float pair[2];
  memcpy(pair, p, sizeof pair);
  return (rk_levels){splat(pair[0]), splat(pair[1])};
}

RK_INLINE vf dot_step(vf sum, rk_levels x, rk_weights w) {
#if RK_FUSED
  return fma_(x.first, w.first, fma_(x.second, w.second, sum));
#else
  // Products are exact: two operations round once, too.
  sum += x.second * w.second;
  return sum + x.first * w.first;
#endif
}
#endif

RK_INLINE vf first_sum(const rk_dot_tile *tile, size_t row, size_t panel) {
  (void)tile, (void)row, (void)panel;
  return splat(0.0f);
}

RK_INLINE void last_sums(const rk_dot_tile *tile, size_t row, const vf *sums, vf *values, const size_t panels) {
  const vf factor = tile->factors ? splat(tile->factors[row]) : splat(1.0f);
  RK_UNROLL for (size_t p = 0; p < panels; p++) values[p] = sums[p] * factor;
}

#include "dot_tile.inc.h"

static void multiply_rows(const void *x, size_t stride, size_t rows, size_t depth, const void *panels, size_t apart,
                          size_t count, const float *factors, float *out, size_t ldo) {
  const size_t widest = RK_DOT_PANELS_FOR_HEIGHT(rows);
  rk_dot_tile tile = {
      .x = x, .stride = stride, .depth = padded_depth(depth), .w = panels, .apart = apart, .factors = factors,
      .ldo = ldo,
  };
  for (size_t panel = 0; panel < count; panel += widest) {
    const size_t own = count - panel < widest ? count - panel : widest;
    for (size_t j = 0; j < own; j++) tile.out[j] = out + (panel + j) * RK_PANEL;
    dot_tiles[own - 1][rows - 1](&tile);
    tile.w += widest * apart;
  }
}

const rk_bfloat_kernels RK_BFLOAT_TABLE = {
    .stride = bfloat_stride,
    .round = round_rows,
    .multiply = multiply_dots,
    .rows = RK_DOT_ROWS,
    .multiply_rows = multiply_rows,
};
