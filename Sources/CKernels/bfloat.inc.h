// Products in bfloat16, once for all instruction sets. A set gives
//   RK_BFLOAT_DOTS   1 where it multiplies pairs of bfloat16 numbers: rows are kept as such, by keep_rounded(out,
//   x), else
//                    as floats; and keep_pairs(out, first, second), which pairs two vectors, and keep_keys
//   rk_weights, weights_at(p), rk_levels, level_at(p), dot_step(sum, x, w) and the shapes of dot_tile.inc.h.

#include "vector.inc.h"

#include "activation.inc.h"
#include "registers.inc.h"
#include "store.inc.h"
#include "transpose.inc.h"

#if RK_BFLOAT_DOTS
typedef uint16_t rk_kept;
#else
typedef float rk_kept;
#endif

/// Columns of keys that are turned into pairs together.
#define RK_KEY_COLUMNS (2 * RK_LANES)

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
    size_t i = 0;
#if RK_BFLOAT_DOTS
    for (; i + 2 * RK_LANES <= whole; i += 2 * RK_LANES) keep_both(kept + i, load(x + i), load(x + i + RK_LANES));
#endif
    for (; i < whole; i += RK_LANES) keep(kept + i, load(x + i));
    if (whole < k) {
      rk_kept rest[RK_LANES];
      keep(rest, load_first(x + whole, k - whole));
      memcpy(kept + whole, rest, (padded_depth(k) - whole) * sizeof(rk_kept));
    }
  }
}

#if !RK_BFLOAT_DOTS
RK_INLINE void keep_pairs(uint8_t *out, vf first, vf second) { store_pairs(out, first, second); }

/// Sixteen columns of sixteen keys as eight rows of pairs.
RK_INLINE void keep_keys(const float *keys[RK_LANES], size_t columns, uint8_t *out) {
  for (size_t column = 0; column < columns; column += RK_LANES) {
    float block[RK_LANES * RK_LANES];
    const float *rows[RK_LANES];
    for (size_t i = 0; i < RK_LANES; i++) rows[i] = keys[i] + column;
    transpose_block(rows, block);
    for (size_t i = 0; i < RK_LANES; i += 2, out += sizeof(vi))
      store_pairs(out, load(block + i * RK_LANES), load(block + (i + 1) * RK_LANES));
  }
}
#endif

/// Keys `begin`..<`end`, ldk floats apart, to panels [keys / 16][head_size / 2][16] of pairs.
static void round_keys_of_rows(const float *k, size_t ldk, size_t begin, size_t end, size_t head_size, uint8_t *out) {
  // Keys that fill up the last panel are 0.
  static const float zeros[RK_KEY_COLUMNS] = {0};
  for (size_t key = begin / RK_PANEL * RK_PANEL; key < end; key += RK_PANEL)
    for (size_t column = 0; column < head_size; column += RK_KEY_COLUMNS) {
      const size_t columns = head_size - column < RK_KEY_COLUMNS ? head_size - column : RK_KEY_COLUMNS;
      const float *rows[RK_PANEL];
      for (size_t i = 0; i < RK_PANEL; i++) rows[i] = key + i < end ? k + (key + i) * ldk + column : zeros;
      keep_keys(rows, columns, out + (key * head_size + column * RK_PANEL) * sizeof(uint16_t));
    }
}

/// Values of keys `begin`..<`end`, ldv floats apart, to panels [width / 16][padded / 2][16] of pairs.
static void round_values(const float *v, size_t ldv, size_t begin, size_t end, size_t width, size_t padded,
                         uint8_t *out) {
  for (size_t key = begin / 2 * 2; key < end; key += 2) {
    const float *row = v + key * ldv;
    for (size_t column = 0; column < width; column += RK_PANEL) {
      const vf second = key + 1 < end ? load(row + ldv + column) : splat(0.0f);
      keep_pairs(out + (column * padded + key * RK_PANEL) * sizeof(uint16_t), load(row + column), second);
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
    .round_keys = round_keys_of_rows,
    .round_values = round_values,
    .multiply_rows = multiply_rows,
};
