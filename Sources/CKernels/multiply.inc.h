// x · W with bias, activation and residual in the store.

/// Rows that go through all panels together.
#define RK_BLOCK_ROWS 144
/// Floats of x that stay in the second-level cache while the panels pass by.
#define RK_RESIDENT_FLOATS (96 * 1024)

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

/// One tile's part of a product.
typedef struct {
  size_t row, rows;
  size_t panel, panels;
  size_t begin, end;  // of the depth
} rk_piece;

static void multiply_tile(const rk_product *p, rk_piece piece, const float *ahead, size_t ahead_step) {
  float buffer[RK_TILE_ROWS * RK_TILE_PANELS_MAX * RK_PANEL];
  const int ends = piece.end == p->k;
  rk_tile tile = {
      .x = p->x + piece.row * p->ldx + piece.begin, .ldx = p->ldx, .depth = piece.end - piece.begin,
      .w = p->packed + (piece.panel * p->k + piece.begin) * RK_PANEL, .step = RK_PANEL, .panel = p->k * RK_PANEL,
      .ahead = ahead, .ahead_step = ahead_step,
      .begun = piece.begin > 0,
      .bias = p->bias && ends ? p->bias + piece.panel * RK_PANEL : NULL,
  };
  const int direct = p->activation == RK_IDENTITY && (piece.panel + piece.panels) * RK_PANEL <= p->n;
  for (size_t j = 0; j < piece.panels; j++) {
    const rk_place place = place_of(p, piece.row, (piece.panel + j) * RK_PANEL);
    tile.out[j] = direct ? place.out : buffer + j * RK_PANEL;
    tile.ldo = direct ? place.stride : piece.panels * RK_PANEL;
  }
  if (direct && p->residual && ends) {
    tile.residual = p->residual + piece.row * p->ldr + piece.panel * RK_PANEL;
    tile.ldr = p->ldr;
  }
  tiles[piece.panels - 1][piece.rows - 1](&tile);
  if (!direct) finish_tile(p, buffer, piece.row, piece.rows, piece.panel, piece.panels);
}

/// Parts that the depth is cut into, so that so many rows of one part stay in the second-level cache while all panels
/// pass by. Sums wait in `out` between parts: for plain stores only.
static size_t depth_parts(const rk_product *p, size_t rows) {
  if (p->activation != RK_IDENTITY || p->n % RK_PANEL || p->residual == p->out) return 1;
  const size_t parts = (rows * p->k + RK_RESIDENT_FLOATS - 1) / RK_RESIDENT_FLOATS;
  return parts ? parts : 1;
}

static void multiply(const rk_product *p, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end) {
  if (row_begin >= row_end) return;
  const size_t rows = row_end - row_begin;
  const rk_cut cut = cut_rows(rows, RK_PRODUCT_ROWS);
  const size_t blocks = (rows + RK_BLOCK_ROWS - 1) / RK_BLOCK_ROWS;
  const size_t parts = depth_parts(p, (rows + blocks - 1) / blocks);
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = cut.tiles * block / blocks, count = cut.tiles * (block + 1) / blocks - first;
    for (size_t part = 0; part < parts; part++) {
      rk_piece piece = {.begin = p->k * part / parts, .end = p->k * (part + 1) / parts};
      const size_t depth = piece.end - piece.begin;
      for (size_t panel = panel_begin; panel < panel_end; panel += cut.panels) {
        piece.panel = panel;
        piece.panels = panel_end - panel < cut.panels ? panel_end - panel : cut.panels;
        // While rows use these panels, the next ones are on their way, evenly: each is fetched by `each` tiles. More
        // at a time would hold up what the sums wait for. A single tile reads weights only once; there the
        // processor's own prefetching does better.
        const size_t rest = panel_end - panel - piece.panels, next = rest < piece.panels ? rest : piece.panels;
        const size_t each = count > 1 && next ? (count > next ? count / next : 1) : 0;
        const float *here = p->packed + (panel * p->k + piece.begin) * RK_PANEL;
        for (size_t t = 0; t < count; t++) {
          piece.row = row_begin + rows * (first + t) / cut.tiles;
          piece.rows = row_begin + rows * (first + t + 1) / cut.tiles - piece.row;
          const float *ahead = here;
          size_t step = 0;
          if (each && t / each < next) {
            step = (RK_PANEL + each - 1) / each;
            ahead += (piece.panels + t / each) * p->k * RK_PANEL + t % each * step * depth;
          }
          multiply_tile(p, piece, ahead, step);
        }
      }
    }
  }
}
