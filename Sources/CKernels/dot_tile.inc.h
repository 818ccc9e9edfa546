// Products of rows and packed panels whose sums are taken several depths at a time: tiles, and how rows and panels are
// cut into them. What includes this gives
//   rk_sum               a panel's sums
//   rk_weights, weights_at(p)   RK_DEPTHS rows of a panel, and how they are read
//   rk_levels, level_at(p)      RK_DEPTHS numbers of a row, in every lane
//   dot_step(sum, x, w)  sum + Σ x · w
//   first_sum(tile, r, p)                      where the sums of row r start
//   last_sums(tile, r, sums, values, panels)   what is made of the sums of row r
//   RK_DEPTHS, RK_ROW_STEP, RK_PANEL_STEP   depths of a step, and the bytes that it takes of a row and of a panel
//   RK_PANEL_HEAD        bytes of a panel before its numbers
//   padded_depth(k), panel_bytes(k)
// and how its registers are used: RK_DOT_ROWS, RK_DOT_SHAPES(X), RK_DOT_PANELS_FOR_HEIGHT(h) mean what RK_TILE_ROWS …
// mean in kernels.inc.h.

/// Rows that go through all panels together.
#define RK_DOT_BLOCK_ROWS 144

#define RK_DOT_ROW_GROUPS ((RK_DOT_ROWS + RK_ROW_GROUP - 1) / RK_ROW_GROUP)

RK_INLINE void compute_dot_tile(const rk_dot_tile *tile, const size_t M, const size_t P) {
  rk_sum sum[RK_DOT_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t p = 0; p < P; p++) RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = first_sum(tile, r, p);

  size_t row = tile->stride, apart = tile->apart, row3 = 3 * row, apart3 = 3 * apart;
  RK_PIN(row);
  RK_PIN(row3);
  RK_PIN(apart);
  RK_PIN(apart3);
  const uint8_t *x[RK_DOT_ROW_GROUPS], *w = tile->w + RK_PANEL_HEAD;
  RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] = tile->x + g * RK_ROW_GROUP * row;

#define RK_DOT_STEP_AT(i)                                                                               \
  {                                                                                                     \
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) RK_PIN(x[g]);                               \
    RK_PIN(w);                                                                                          \
    rk_weights weights[RK_TILE_PANELS_MAX];                                                             \
    RK_UNROLL for (size_t p = 0; p < P; p++) {                                                          \
      const size_t offset = (i) * RK_PANEL_STEP + times(p, apart, apart3);                              \
      weights[p] = weights_at(w + offset);                                                              \
    }                                                                                                   \
    RK_UNROLL for (size_t r = 0; r < M; r++) {                                                          \
      const rk_levels value = level_at(x[r / RK_ROW_GROUP] + (i) * RK_ROW_STEP                          \
                                + times(r % RK_ROW_GROUP, row, row3));                                  \
      RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = dot_step(sum[r][p], value, weights[p]);      \
    }                                                                                                   \
  }
#define RK_DOT_ADVANCE(steps)                                                                           \
  {                                                                                                     \
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] += (steps) * RK_ROW_STEP;              \
    w += (steps) * RK_PANEL_STEP;                                                                       \
  }
  size_t steps = tile->depth / RK_DEPTHS;
  for (; steps >= RK_STEPS; steps -= RK_STEPS) {
    RK_DOT_STEP_AT(0)
    RK_DOT_STEP_AT(1)
    RK_DOT_STEP_AT(2)
    RK_DOT_STEP_AT(3)
    RK_DOT_ADVANCE(RK_STEPS)
  }
  for (; steps > 0; steps--) {
    RK_DOT_STEP_AT(0)
    RK_DOT_ADVANCE(1)
  }
#undef RK_DOT_STEP_AT
#undef RK_DOT_ADVANCE

  // Step by step over the whole tile: what is asked of a tile is asked once, and no sum waits for the last one's store.
  const float *scales = tile->scales, *bias = tile->bias, *residual = tile->residual;
  const size_t ldr = tile->ldr, ldo = tile->ldo;
  vf value[RK_DOT_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t r = 0; r < M; r++) last_sums(tile, r, sum[r], value[r], P);
  if (scales)
    RK_UNROLL for (size_t p = 0; p < P; p++) {
      const vf scale = load(scales + p * RK_PANEL);
      RK_UNROLL for (size_t r = 0; r < M; r++) value[r][p] *= scale;
    }
  if (bias)
    RK_UNROLL for (size_t p = 0; p < P; p++) {
      const vf offset = load(bias + p * RK_PANEL);
      RK_UNROLL for (size_t r = 0; r < M; r++) value[r][p] += offset;
    }
  if (residual)
    RK_UNROLL for (size_t r = 0; r < M; r++)
      RK_UNROLL for (size_t p = 0; p < P; p++) value[r][p] += load(residual + r * ldr + p * RK_PANEL);
  RK_UNROLL for (size_t p = 0; p < P; p++) {
    float *out = tile->out[p];
    RK_UNROLL for (size_t r = 0; r < M; r++) store(out + r * ldo, value[r][p]);
  }
}

#define RK_DEFINE_DOT_TILE(M, P)                                                                        \
  static void dot_##M##x##P(const rk_dot_tile *tile) { compute_dot_tile(tile, M, P); }
RK_DOT_SHAPES(RK_DEFINE_DOT_TILE)

#define RK_TABLE_DOT_TILE(M, P) [P - 1][M - 1] = dot_##M##x##P,
static void (*const dot_tiles[RK_TILE_PANELS_MAX][RK_DOT_ROWS])(const rk_dot_tile *) = {
    RK_DOT_SHAPES(RK_TABLE_DOT_TILE)};

/// Fetches what a tile that needs no buffer reads and writes at its end, while its sums are taken.
RK_INLINE void fetch_dot_ends(const rk_dot_tile *tile, size_t rows, size_t panels) {
  for (size_t j = 0; j < panels; j++)
    for (size_t r = 0; r < rows; r++) {
      if (tile->residual) __builtin_prefetch(tile->residual + r * tile->ldr + j * RK_PANEL, 0, 3);
      __builtin_prefetch(tile->out[j] + r * tile->ldo, 1, 3);
    }
}

/// All row tiles of a few panels.
static void multiply_dot_piece(const rk_dot_product *p, size_t row, size_t rows, size_t tile_count, size_t panel,
                               size_t panels) {
  const rk_product *store = &p->store;
  const size_t column = panel * RK_PANEL, height = rows / tile_count, higher = rows % tile_count;
  const int direct = store->activation == RK_IDENTITY && column + panels * RK_PANEL <= store->n;
  float buffer[RK_DOT_ROWS * RK_TILE_PANELS_MAX * RK_PANEL];
  rk_dot_tile tile = {
      .x = (const uint8_t *)p->x + row * p->stride, .stride = p->stride, .depth = padded_depth(store->k),
      .w = (const uint8_t *)p->packed + panel * panel_bytes(store->k),
      .apart = panel_bytes(store->k), .scales = p->scales ? p->scales + column : NULL,
      .bias = store->bias ? store->bias + column : NULL,
  };
  for (size_t j = 0; j < panels; j++) {
    const rk_place place = place_of(store, row, column + j * RK_PANEL);
    tile.out[j] = direct ? place.out : buffer + j * RK_PANEL;
    tile.ldo = direct ? place.stride : panels * RK_PANEL;
  }
  if (direct && store->residual) {
    tile.residual = store->residual + row * store->ldr + column;
    tile.ldr = store->ldr;
  }
  for (size_t t = 0; t < tile_count; t++) {
    const size_t count = height + (t < higher);
    if (direct) fetch_dot_ends(&tile, count, panels);
    dot_tiles[panels - 1][count - 1](&tile);
    if (!direct) finish_tile(store, buffer, row, count, panel, panels);
    row += count;
    tile.x += count * tile.stride;
    if (direct) {
      for (size_t j = 0; j < panels; j++) tile.out[j] += count * tile.ldo;
      if (tile.residual) tile.residual += count * tile.ldr;
    }
  }
}

static void multiply_dots(const rk_dot_product *p, size_t row_begin, size_t row_end, size_t panel_begin,
                          size_t panel_end) {
  for (size_t row = row_begin; row < row_end;) {
    // Even blocks of whole tiles.
    const size_t left = row_end - row, blocks = (left + RK_DOT_BLOCK_ROWS - 1) / RK_DOT_BLOCK_ROWS;
    const size_t rows = blocks == 1 ? left : rk_round_up(left / blocks, RK_DOT_ROWS);
    const size_t tile_count = (rows + RK_DOT_ROWS - 1) / RK_DOT_ROWS;
    const size_t widest = RK_DOT_PANELS_FOR_HEIGHT((rows + tile_count - 1) / tile_count);
    for (size_t panel = panel_begin; panel < panel_end;) {
      const size_t panels = panel_end - panel < widest ? panel_end - panel : widest;
      multiply_dot_piece(p, row, rows, tile_count, panel, panels);
      panel += panels;
    }
    row += rows;
  }
}
