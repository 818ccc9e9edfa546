// x · W with bias, activation and residual in the store.

/// Rows that stay in the second-level cache while all panels pass by.
#define RK_BLOCK_ROWS 144

/// Where a column of the output starts, and how far apart its rows are.
typedef struct {
  float *out;
  size_t stride;
} rk_place;

RK_INLINE rk_place place_of(const rk_product *p, size_t row, size_t column) {
  if (!p->head_size) return (rk_place){p->out + row * p->ldo + column, p->ldo};
  const size_t head = column / p->head_size, inside = column % p->head_size;
  return (rk_place){p->out + head * p->head_stride + row * p->head_size + inside, p->head_size};
}

/// Activation, residual and store of a tile that went to `buffer` ([rows][panels][16]), because it needs an activation
/// or ends inside a panel.
RK_INLINE void finish_tile_as(const rk_product *p, const float *buffer, size_t row, size_t rows, size_t panel,
                              size_t panels, const int activation) {
  for (size_t j = 0; j < panels; j++) {
    const size_t column = (panel + j) * RK_PANEL;
    const size_t width = p->n - column < RK_PANEL ? p->n - column : RK_PANEL;
    const rk_place place = place_of(p, row, column);
    const float *residual = p->residual ? p->residual + row * p->ldr + column : NULL;
    for (size_t r = 0; r < rows; r++) {
      vf value = activate_one(load(buffer + (r * panels + j) * RK_PANEL), activation);
      if (width == RK_PANEL) {
        if (residual) value += load(residual + r * p->ldr);
        store(place.out + r * place.stride, value);
      } else {
        if (residual) value += load_first(residual + r * p->ldr, width);
        store_first(place.out + r * place.stride, value, width);
      }
    }
  }
}

static void finish_tile(const rk_product *p, const float *buffer, size_t row, size_t rows, size_t panel,
                        size_t panels) {
#define RK_FINISH(activation) \
  case activation: finish_tile_as(p, buffer, row, rows, panel, panels, activation); break;
  switch (p->activation) {
    RK_FINISH(RK_IDENTITY)
    RK_FINISH(RK_RELU)
    RK_FINISH(RK_GELU)
    RK_FINISH(RK_GELU_TANH)
    RK_FINISH(RK_TANH)
    RK_FINISH(RK_SILU)
    RK_FINISH(RK_SIGMOID)
    RK_FINISH(RK_QUICK_GELU)
    RK_FINISH(RK_RELU_SQUARED)
  }
#undef RK_FINISH
}

static void multiply_tile(const rk_product *p, size_t row, size_t rows, size_t panel, size_t panels,
                          const float *ahead0, const float *ahead1) {
  float buffer[RK_TILE_ROWS * RK_TILE_PANELS_MAX * RK_PANEL];
  rk_tile tile = {
      .x = p->x + row * p->ldx, .ldx = p->ldx, .depth = p->k,
      .w = p->packed + panel * p->k * RK_PANEL, .step = RK_PANEL, .panel = p->k * RK_PANEL,
      .ahead = {ahead0, ahead1},
      .bias = p->bias ? p->bias + panel * RK_PANEL : NULL,
  };
  const int direct = p->activation == RK_IDENTITY && (panel + panels) * RK_PANEL <= p->n;
  for (size_t j = 0; j < panels; j++) {
    const rk_place place = place_of(p, row, (panel + j) * RK_PANEL);
    tile.out[j] = direct ? place.out : buffer + j * RK_PANEL;
    tile.ldo = direct ? place.stride : panels * RK_PANEL;
  }
  if (direct && p->residual) {
    tile.residual = p->residual + row * p->ldr + panel * RK_PANEL;
    tile.ldr = p->ldr;
  }
  tiles[panels - 1][rows - 1](&tile);
  if (!direct) finish_tile(p, buffer, row, rows, panel, panels);
}

static void multiply(const rk_product *p, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end) {
  if (row_begin >= row_end) return;
  const size_t rows = row_end - row_begin;
  const rk_cut cut = cut_rows(rows, RK_PRODUCT_ROWS);
  const size_t blocks = (rows + RK_BLOCK_ROWS - 1) / RK_BLOCK_ROWS;
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = cut.tiles * block / blocks, last = cut.tiles * (block + 1) / blocks;
    for (size_t panel = panel_begin; panel < panel_end; panel += cut.panels) {
      const size_t panels = panel_end - panel < cut.panels ? panel_end - panel : cut.panels;
      const float *here = p->packed + panel * p->k * RK_PANEL;
      for (size_t t = first; t < last; t++) {
        const size_t row = row_begin + rows * t / cut.tiles, end = row_begin + rows * (t + 1) / cut.tiles;
        // While few rows use a panel, the next ones are on their way: tile by tile, two panels each. A single tile
        // reads weights only once; there the processor's own prefetching does better.
        const float *ahead[2] = {here, here};
        for (size_t a = 0; a < 2 && last - first > 1; a++) {
          const size_t next = panels + 2 * (t - first) + a;
          if (next < 2 * panels && panel + next < panel_end) ahead[a] = here + next * p->k * RK_PANEL;
        }
        multiply_tile(p, row, end - row, panel, panels, ahead[0], ahead[1]);
      }
    }
  }
}
