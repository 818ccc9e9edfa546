// Products with weights of 8 or 4 bits, multiplied as floats.
//
// A panel is its scales, then its numbers: [depth][16] bytes, or [depth / 8][16] words of eight nibbles, the lowest one
// first. Few rows take the weights as they come; many have them laid out as floats first, panels at a time, and go
// through the tiles of `multiply`.

/// Most rows that take the weights as they come.
#define RK_COMPACT_ROWS (RK_TILE_ROWS < 6 ? RK_TILE_ROWS : 6)

/// Sixteen float16 numbers, none of them infinite, as floats.
RK_INLINE vf widen_halves(const uint8_t *p) {
  typedef uint16_t halves __attribute__((ext_vector_type(RK_LANES)));
  halves stored;
  memcpy(&stored, p, sizeof stored);
  const vi bits = __builtin_convertvector(stored, vi);
  // Exponents are 112 apart; numbers without a leading bit become right too.
  const vf size = (vf)((bits & (vi)0x7fff) << 13) * splat(0x1p112f);
  return (vf)((vi)size | (bits & (vi)0x8000) << 16);
}

/// A panel's scales of one group.
RK_INLINE vf scales_of(const rk_compact_shape *shape, const uint8_t *panel, size_t group) {
  if (shape->wide) {
    vf scales;
    memcpy(&scales, panel + group * sizeof scales, sizeof scales);
    return scales;
  }
  return widen_halves(panel + group * RK_PANEL * sizeof(uint16_t));
}

/// Rows of a panel that a word of nibbles holds.
#define RK_WORD_ROWS 8

RK_INLINE vf bytes_at(const uint8_t *p, vf scales) {
  typedef int8_t bytes __attribute__((ext_vector_type(RK_LANES)));
  bytes stored;
  memcpy(&stored, p, sizeof stored);
  return __builtin_convertvector(stored, vf) * scales;
}

/// How the nibbles of one group become weights.
typedef struct {
  vf scales, offsets;
} rk_nibble_scale;

/// Words of sixteen columns.
RK_INLINE vi words_at(const uint8_t *p) {
  vi words;
  memcpy(&words, p, sizeof words);
  return words;
}

/// A nibble becomes the upper bits of the fraction of a float from 1 to 2, 1 + n / 16, without a conversion: sixteen
/// scales times that, less 24 scales, is n − 8 scales. Both are exact for scales of float16: the sum is rounded once.
/// Scales of float32 have no bit left for the 3 in 24: they take the number itself, less 8 scales.
RK_INLINE rk_nibble_scale nibble_scale(vf scales, const int wide) {
  return wide ? (rk_nibble_scale){scales, scales * splat(-8.0f)}
              : (rk_nibble_scale){scales * splat(16.0f), scales * splat(-24.0f)};
}

/// Row `row` (of eight, known to the compiler) of words, as weights.
RK_INLINE vf nibble_row(vi words, const size_t row, rk_nibble_scale scale, const int wide) {
  if (wide) return fma_(__builtin_convertvector(words >> (int)(4 * row) & (vi)15, vf), scale.scales, scale.offsets);
  const int shift = 4 * (int)row - 19;
  const vi moved = shift >= 0 ? words >> shift : words << -shift;
  return fma_((vf)((moved & (vi)0x780000) | (vi)0x3f800000), scale.scales, scale.offsets);
}

/// The same for a row that only the loop knows.
RK_INLINE vf any_nibble_row(const uint8_t *numbers, size_t row, rk_nibble_scale scale, const int wide) {
  const vi words = words_at(numbers + row / RK_WORD_ROWS * sizeof words) >> (int)(4 * (row % RK_WORD_ROWS));
  return nibble_row(words, 0, scale, wide);
}

/// What a tile has computed, with bias and residual.
RK_INLINE void finish_compact_tile(const rk_tile *tile, vf sum[RK_COMPACT_ROWS][RK_TILE_PANELS_MAX], const size_t M,
                                   const size_t P) {
  RK_UNROLL for (size_t p = 0; p < P; p++) {
    RK_UNROLL for (size_t r = 0; r < M; r++) {
      vf value = sum[r][p];
      if (tile->bias) value += load(tile->bias + p * RK_PANEL);
      if (tile->residual) value += load(tile->residual + r * tile->ldr + p * RK_PANEL);
      store(tile->out[p] + r * tile->ldo, value);
    }
  }
}

/// Fetches, while a line of P panels is multiplied, that of the panels behind them, or of what comes after the matrix.
/// A few rows go through weights faster than memory answers, and the processor's own fetching stops at the end of each
/// panel and page.
RK_INLINE void fetch_next_panels(const uint8_t *numbers, size_t apart, const size_t P, const int near) {
  RK_UNROLL for (size_t p = 0; p < P; p++) {
    const void *line = (const void *)((uintptr_t)numbers + (P + p) * apart);
    if (near) __builtin_prefetch(line, 0, 3);
    else __builtin_prefetch(line, 0, 2);
  }
}

#define RK_LINE 64

/// M rows times P panels of bytes.
RK_INLINE void compute_byte_tile(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel,
                                 const size_t M, const size_t P) {
  vf sum[RK_COMPACT_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t r = 0; r < M; r++) RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = splat(0.0f);
  const size_t apart = tile->apart, ldx = tile->ldx, k = shape->k;
  const uint8_t *numbers = panel + rk_compact_scale_bytes(shape);
  const float *x = tile->x;
  size_t i = 0;
  for (size_t group = 0; i < k; group++) {
    const size_t end = k - i < shape->group ? k : i + shape->group;
    vf scales[RK_TILE_PANELS_MAX];
    RK_UNROLL for (size_t p = 0; p < P; p++) scales[p] = scales_of(shape, panel + p * apart, group);
    for (; i < end; i++, numbers += RK_PANEL) {
      if (i % (RK_LINE / RK_PANEL) == 0) fetch_next_panels(numbers, apart, P, 0);
      RK_UNROLL for (size_t p = 0; p < P; p++) {
        const vf w = bytes_at(numbers + p * apart, scales[p]);
        RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = fma_(splat(x[r * ldx + i]), w, sum[r][p]);
      }
    }
  }
  finish_compact_tile(tile, sum, M, P);
}

/// Whether scales of float32 leave room for what `nibble_scale` makes of those of float16: three bits, and a factor.
RK_INLINE int are_short(vf scales) {
  const vi bits = (vi)scales;
  return !__builtin_reduce_or((bits & (vi)7) | ((bits & (vi)0x7fffffff) >= (vi)0x7b000000));
}

/// Rows `begin`..<`end`, of one group.
RK_INLINE void add_nibbles(const rk_tile *tile, const uint8_t *numbers, size_t begin, size_t end, const vf *scales,
                           vf sum[RK_COMPACT_ROWS][RK_TILE_PANELS_MAX], const size_t M, const size_t P,
                           const int wide) {
  const size_t apart = tile->apart, ldx = tile->ldx;
  const float *x = tile->x;
  rk_nibble_scale scale[RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t p = 0; p < P; p++) scale[p] = nibble_scale(scales[p], wide);
  for (size_t i = begin; i < end;) {
    if (i % RK_WORD_ROWS || end - i < RK_WORD_ROWS) {
      RK_UNROLL for (size_t p = 0; p < P; p++) {
        const vf w = any_nibble_row(numbers + p * apart, i, scale[p], wide);
        RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = fma_(splat(x[r * ldx + i]), w, sum[r][p]);
      }
      i++;
      continue;
    }
    const uint8_t *line = numbers + i / RK_WORD_ROWS * sizeof(vi);
    fetch_next_panels(line, apart, P, 1);
    vi words[RK_TILE_PANELS_MAX];
    RK_UNROLL for (size_t p = 0; p < P; p++) words[p] = words_at(line + p * apart);
    RK_UNROLL for (size_t row = 0; row < RK_WORD_ROWS; row++) {
      RK_UNROLL for (size_t p = 0; p < P; p++) {
        const vf w = nibble_row(words[p], row, scale[p], wide);
        RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = fma_(splat(x[r * ldx + i + row]), w, sum[r][p]);
      }
    }
    i += RK_WORD_ROWS;
  }
}

/// M rows times P panels of nibbles.
RK_INLINE void compute_nibble_tile(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel,
                                   const size_t M, const size_t P, const int wide) {
  vf sum[RK_COMPACT_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t p = 0; p < P; p++) RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = splat(0.0f);
  const size_t apart = tile->apart, k = shape->k;
  const uint8_t *numbers = panel + rk_compact_scale_bytes(shape);
  for (size_t begin = 0, group = 0; begin < k; begin += shape->group, group++) {
    const size_t end = k - begin < shape->group ? k : begin + shape->group;
    vf scales[RK_TILE_PANELS_MAX];
    int converts = 0;
    RK_UNROLL for (size_t p = 0; p < P; p++) {
      scales[p] = scales_of(shape, panel + p * apart, group);
      if (wide && !are_short(scales[p])) converts = 1;
    }
    // Scales of float16, times a factor that is a power of two, are short: most of those that are kept wide.
    if (converts) add_nibbles(tile, numbers, begin, end, scales, sum, M, P, 1);
    else add_nibbles(tile, numbers, begin, end, scales, sum, M, P, 0);
  }
  finish_compact_tile(tile, sum, M, P);
}

/// Bytes; nibbles with scales of float16; with scales of float32.
enum { RK_BYTE_TILES, RK_NIBBLE_TILES, RK_WIDE_NIBBLE_TILES, RK_COMPACT_TILE_KINDS };

#define RK_DEFINE_COMPACT_TILE(M, P)                                                                             \
  static void bytes_##M##x##P(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel) {        \
    if (M <= RK_COMPACT_ROWS) compute_byte_tile(tile, shape, panel, M, P);                                       \
  }                                                                                                              \
  static void nibbles_##M##x##P(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel) {      \
    if (M <= RK_COMPACT_ROWS) compute_nibble_tile(tile, shape, panel, M, P, 0);                                  \
  }                                                                                                              \
  static void wide_nibbles_##M##x##P(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel) { \
    if (M <= RK_COMPACT_ROWS) compute_nibble_tile(tile, shape, panel, M, P, 1);                                  \
  }
RK_TILE_SHAPES(RK_DEFINE_COMPACT_TILE)

typedef void (*rk_compact_function)(const rk_tile *, const rk_compact_shape *, const uint8_t *);

#define RK_TABLE_COMPACT_TILE(M, P)                              \
  [RK_BYTE_TILES][P - 1][M - 1] = bytes_##M##x##P,               \
  [RK_NIBBLE_TILES][P - 1][M - 1] = nibbles_##M##x##P,           \
  [RK_WIDE_NIBBLE_TILES][P - 1][M - 1] = wide_nibbles_##M##x##P,
static const rk_compact_function compact_tiles[RK_COMPACT_TILE_KINDS][RK_TILE_PANELS_MAX][RK_TILE_ROWS] = {
    RK_TILE_SHAPES(RK_TABLE_COMPACT_TILE)};

static void multiply_compact_tile(const rk_product *p, const rk_compact_shape *shape, const uint8_t *packed, size_t row,
                                  size_t rows, size_t panel, size_t panels) {
  const size_t column = panel * RK_PANEL, bytes = rk_compact_panel_bytes(shape);
  const int direct = p->activation == RK_IDENTITY && column + panels * RK_PANEL <= p->n;
  float buffer[RK_COMPACT_ROWS * RK_TILE_PANELS_MAX * RK_PANEL];
  rk_tile tile = {.x = p->x + row * p->ldx, .ldx = p->ldx, .apart = bytes, .bias = p->bias ? p->bias + column : NULL};
  for (size_t j = 0; j < panels; j++) {
    const rk_place place = place_of(p, row, column + j * RK_PANEL);
    tile.out[j] = direct ? place.out : buffer + j * RK_PANEL;
    tile.ldo = direct ? place.stride : panels * RK_PANEL;
  }
  if (direct && p->residual) {
    tile.residual = p->residual + row * p->ldr + column;
    tile.ldr = p->ldr;
  }
  const int nibbles = shape->wide ? RK_WIDE_NIBBLE_TILES : RK_NIBBLE_TILES;
  const int kind = shape->kind == RK_COMPACT_BYTES ? RK_BYTE_TILES : nibbles;
  compact_tiles[kind][panels - 1][rows - 1](&tile, shape, packed + panel * bytes);
  if (!direct) finish_tile(p, buffer, row, rows, panel, panels);
}

/// Lays panels out as `rk_pack` would.
static void widen_panels(const rk_compact_shape *shape, const uint8_t *packed, size_t panels, float *out) {
  for (size_t panel = 0; panel < panels; panel++, packed += rk_compact_panel_bytes(shape)) {
    const uint8_t *numbers = packed + rk_compact_scale_bytes(shape);
    for (size_t i = 0, group = 0; i < shape->k; group++) {
      const size_t end = shape->k - i < shape->group ? shape->k : i + shape->group;
      const vf scales = scales_of(shape, packed, group);
      const rk_nibble_scale scale = nibble_scale(scales, shape->wide);
      for (; i < end; i++, out += RK_PANEL)
        store(out, shape->kind == RK_COMPACT_BYTES ? bytes_at(numbers + i * RK_PANEL, scales)
                   : shape->wide                   ? any_nibble_row(numbers, i, scale, 1)
                                                   : any_nibble_row(numbers, i, scale, 0));
    }
  }
}

static void multiply_compact(const rk_product *p, const rk_compact_shape *shape, const void *packed, float *scratch,
                             size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end) {
  if (row_begin >= row_end) return;
  const size_t rows = row_end - row_begin;
  const int few = rows <= RK_COMPACT_ROWS;
  const size_t most = few ? RK_PANELS_FOR_HEIGHT(rows) : RK_TILE_PANELS_MAX;
  for (size_t panel = panel_begin; panel < panel_end;) {
    const size_t panels = panel_end - panel < most ? panel_end - panel : most;
    if (few) {
      multiply_compact_tile(p, shape, packed, row_begin, rows, panel, panels);
    } else {
      widen_panels(shape, (const uint8_t *)packed + panel * rk_compact_panel_bytes(shape), panels, scratch);
      rk_product wide = *p;
      // Where the panels would start if the first one were there too.
      wide.packed = (const float *)((uintptr_t)scratch - panel * RK_PANEL * p->k * sizeof(float));
      multiply(&wide, row_begin, row_end, panel, panel + panels);
    }
    panel += panels;
  }
}

// ---- tables ------------------------------------------------------------------------------------------------------

/// Sixteen numbers of a table's row, those of a bfloat16 row in their upper halves, as floats.
RK_INLINE vf table_numbers(const uint8_t *row, const int kind, size_t i, size_t count) {
  if (kind == RK_ROWS_BYTES) {
    typedef int8_t bytes __attribute__((ext_vector_type(RK_LANES)));
    bytes stored = 0;
    memcpy(&stored, row + i, count);
    return __builtin_convertvector(stored, vf);
  }
  typedef uint16_t halves __attribute__((ext_vector_type(RK_LANES)));
  halves stored = 0;
  memcpy(&stored, row + i * sizeof(uint16_t), count * sizeof(uint16_t));
  return (vf)(__builtin_convertvector(stored, vi) << 16);
}

RK_INLINE void gather_row(const uint8_t *row, const int kind, float own, size_t width, float scale, int accumulate,
                          float *out) {
  size_t i = 0;
  for (; i + RK_LANES <= width; i += RK_LANES) {
    vf value = table_numbers(row, kind, i, RK_LANES);
    if (kind == RK_ROWS_BYTES) value *= splat(own);
    value *= splat(scale);
    store(out + i, accumulate ? load(out + i) + value : value);
  }
  if (i == width) return;
  const size_t rest = width - i;
  vf value = table_numbers(row, kind, i, rest);
  if (kind == RK_ROWS_BYTES) value *= splat(own);
  value *= splat(scale);
  store_first(out + i, accumulate ? load_first(out + i, rest) + value : value, rest);
}

static void gather_compact(const rk_compact_table *table, const int32_t *index, size_t rows, float scale,
                           int accumulate, float *out, size_t ldo) {
  const uint8_t *numbers = table->numbers;
  for (size_t row = 0; row < rows; row++, out += ldo) {
    const size_t at = (size_t)index[row], width = table->width;
    if (table->kind == RK_ROWS_BYTES) {
      gather_row(numbers + at * width, RK_ROWS_BYTES, table->scales[at], width, scale, accumulate, out);
    } else {
      gather_row(numbers + at * width * sizeof(uint16_t), RK_ROWS_BFLOAT, 1.0f, width, scale, accumulate, out);
    }
  }
}
