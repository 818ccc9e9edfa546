// x · W with bias, activation and residual in the store.

/// Rows that stay in the second-level cache while all panels pass by.
#define RK_BLOCK_ROWS 144

/// The tile went to `buffer` ([rows][panels][16]) because it needs an activation or ends inside a panel.
static void finish_tile(const rk_product *p, float *buffer, size_t row, size_t rows, size_t panel, size_t panels) {
  const size_t width = panels * RK_PANEL;
  if (p->activation != RK_IDENTITY) activate(buffer, rows * width, p->activation, buffer);
  for (size_t r = 0; r < rows; r++) {
    for (size_t j = 0; j < panels; j++) {
      const size_t column = (panel + j) * RK_PANEL;
      vf value = load(buffer + r * width + j * RK_PANEL);
      float *out = p->head_size ? p->out + column / p->head_size * p->head_stride + (row + r) * p->head_size
                                      + column % p->head_size
                                : p->out + (row + r) * p->ldo + column;
      const float *residual = p->residual ? p->residual + (row + r) * p->ldr + column : NULL;
      if (column + RK_PANEL <= p->n) {
        if (residual) value += load(residual);
        store(out, value);
      } else {
        if (residual) value += load_first(residual, p->n - column);
        store_first(out, value, p->n - column);
      }
    }
  }
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
  if (!direct) {
    for (size_t j = 0; j < panels; j++) tile.out[j] = buffer + j * RK_PANEL;
    tile.ldo = panels * RK_PANEL;
  } else if (p->head_size) {
    for (size_t j = 0; j < panels; j++) {
      const size_t column = (panel + j) * RK_PANEL;
      tile.out[j] = p->out + column / p->head_size * p->head_stride + row * p->head_size + column % p->head_size;
    }
    tile.ldo = p->head_size;
  } else {
    for (size_t j = 0; j < panels; j++) tile.out[j] = p->out + row * p->ldo + (panel + j) * RK_PANEL;
    tile.ldo = p->ldo;
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
  const rk_cut cut = cut_rows(rows, RK_ROWS_FOR_STRIDE(p->ldx));
  const size_t blocks = (rows + RK_BLOCK_ROWS - 1) / RK_BLOCK_ROWS;
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = cut.tiles * block / blocks, last = cut.tiles * (block + 1) / blocks;
    for (size_t panel = panel_begin; panel < panel_end; panel += cut.panels) {
      const size_t panels = panel_end - panel < cut.panels ? panel_end - panel : cut.panels;
      const float *here = p->packed + panel * p->k * RK_PANEL;
      for (size_t t = first; t < last; t++) {
        const size_t row = row_begin + rows * t / cut.tiles, end = row_begin + rows * (t + 1) / cut.tiles;
        // While few rows use a panel, the next ones are on their way: tile by tile, two panels each.
        const float *ahead[2] = {here, here};
        for (size_t a = 0; a < 2; a++) {
          const size_t next = panels + 2 * (t - first) + a;
          if (next < 2 * panels && panel + next < panel_end) ahead[a] = here + next * p->k * RK_PANEL;
        }
        multiply_tile(p, row, end - row, panel, panels, ahead[0], ahead[1]);
      }
    }
  }
}
