// Products with weights of 8 or 4 bits, multiplied as floats.
//
// A panel is its scales, then its numbers: [depth][16] bytes, or [depth / 2][16] pairs of nibbles, the lower one first.
// Few rows take the weights as they come; many have them
// laid out as floats first, panels at a time, and go through the tiles of `multiply`.

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

/// Two rows of a panel as floats: the numbers times their scales, rounded once.
typedef struct {
  vf first, second;
} rk_row_pair;

RK_INLINE vf bytes_at(const uint8_t *p, vf scales) {
  typedef int8_t bytes __attribute__((ext_vector_type(RK_LANES)));
  bytes stored;
  memcpy(&stored, p, sizeof stored);
  return __builtin_convertvector(stored, vf) * scales;
}

/// `offsets`: −8 times the scales, exactly: one multiply-add subtracts 8 and scales.
RK_INLINE rk_row_pair nibbles_at(const uint8_t *p, vf scales, vf offsets) {
  typedef uint8_t bytes __attribute__((ext_vector_type(RK_LANES)));
  bytes stored;
  memcpy(&stored, p, sizeof stored);
  const vi pair = __builtin_convertvector(stored, vi);
  return (rk_row_pair){fma_(__builtin_convertvector(pair & (vi)15, vf), scales, offsets),
                       fma_(__builtin_convertvector(pair >> 4, vf), scales, offsets)};
}

/// M rows times P panels.
RK_INLINE void compute_compact_tile(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel,
                                    const size_t M, const size_t P, const int nibbles) {
  vf sum[RK_COMPACT_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t r = 0; r < M; r++) RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = splat(0.0f);
  const size_t apart = tile->apart, ldx = tile->ldx, k = shape->k;
  const uint8_t *numbers = panel + rk_compact_scale_bytes(shape);
  const float *x = tile->x;
  size_t i = 0;
  for (size_t group = 0; i < k; group++) {
    const size_t end = k - i < shape->group ? k : i + shape->group;
    vf scales[RK_TILE_PANELS_MAX], offsets[RK_TILE_PANELS_MAX];
    RK_UNROLL for (size_t p = 0; p < P; p++) {
      scales[p] = scales_of(shape, panel + p * apart, group);
      offsets[p] = scales[p] * splat(-8.0f);
    }
    for (; i + 2 <= end; i += 2) {
      RK_UNROLL for (size_t p = 0; p < P; p++) {
        const uint8_t *at = numbers + p * apart;
        const rk_row_pair w = nibbles ? nibbles_at(at, scales[p], offsets[p])
                                      : (rk_row_pair){bytes_at(at, scales[p]), bytes_at(at + RK_PANEL, scales[p])};
        RK_UNROLL for (size_t r = 0; r < M; r++) {
          sum[r][p] = fma_(splat(x[r * ldx + i]), w.first, sum[r][p]);
          sum[r][p] = fma_(splat(x[r * ldx + i + 1]), w.second, sum[r][p]);
        }
      }
      numbers += nibbles ? RK_PANEL : 2 * RK_PANEL;
    }
    if (i < end) {
      RK_UNROLL for (size_t p = 0; p < P; p++) {
        const uint8_t *at = numbers + p * apart;
        const vf w = nibbles ? nibbles_at(at, scales[p], offsets[p]).first : bytes_at(at, scales[p]);
        RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = fma_(splat(x[r * ldx + i]), w, sum[r][p]);
      }
      numbers += RK_PANEL;
      i++;
    }
  }
  RK_UNROLL for (size_t p = 0; p < P; p++) {
    RK_UNROLL for (size_t r = 0; r < M; r++) {
      vf value = sum[r][p];
      if (tile->bias) value += load(tile->bias + p * RK_PANEL);
      if (tile->residual) value += load(tile->residual + r * tile->ldr + p * RK_PANEL);
      store(tile->out[p] + r * tile->ldo, value);
    }
  }
}

#define RK_DEFINE_COMPACT_TILE(M, P)                                                                      \
  static void bytes_##M##x##P(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel) { \
    if (M <= RK_COMPACT_ROWS) compute_compact_tile(tile, shape, panel, M, P, 0);                          \
  }                                                                                                       \
  static void nibbles_##M##x##P(const rk_tile *tile, const rk_compact_shape *shape, const uint8_t *panel) { \
    if (M <= RK_COMPACT_ROWS) compute_compact_tile(tile, shape, panel, M, P, 1);                          \
  }
RK_TILE_SHAPES(RK_DEFINE_COMPACT_TILE)

typedef void (*rk_compact_function)(const rk_tile *, const rk_compact_shape *, const uint8_t *);

#define RK_TABLE_COMPACT_TILE(M, P)                       \
  [RK_COMPACT_BYTES][P - 1][M - 1] = bytes_##M##x##P,     \
  [RK_COMPACT_NIBBLES][P - 1][M - 1] = nibbles_##M##x##P,
static const rk_compact_function compact_tiles[2][RK_TILE_PANELS_MAX][RK_TILE_ROWS] = {
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
  compact_tiles[shape->kind][panels - 1][rows - 1](&tile, shape, packed + panel * bytes);
  if (!direct) finish_tile(p, buffer, row, rows, panel, panels);
}

/// Lays panels out as `rk_pack` would.
static void widen_panels(const rk_compact_shape *shape, const uint8_t *packed, size_t panels, float *out) {
  for (size_t panel = 0; panel < panels; panel++, packed += rk_compact_panel_bytes(shape)) {
    const uint8_t *numbers = packed + rk_compact_scale_bytes(shape);
    vf scales = splat(0.0f), offsets = splat(0.0f);
    for (size_t i = 0; i < shape->k; i += 2, out += RK_PANEL) {
      if (i % shape->group == 0) {
        scales = scales_of(shape, packed, i / shape->group);
        offsets = scales * splat(-8.0f);
      }
      const int is_last = i + 1 == shape->k;
      if (shape->kind == RK_COMPACT_NIBBLES) {
        const rk_row_pair pair = nibbles_at(numbers, scales, offsets);
        numbers += RK_PANEL;
        store(out, pair.first);
        if (is_last) continue;
        store(out += RK_PANEL, pair.second);
      } else {
        store(out, bytes_at(numbers, scales));
        numbers += RK_PANEL;
        if (is_last) continue;
        store(out += RK_PANEL, bytes_at(numbers, scales));
        numbers += RK_PANEL;
      }
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
