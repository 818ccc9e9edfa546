// x · W with bias, activation and residual in the store.

/// Rows that go through all panels together.
#define RK_BLOCK_ROWS 144
/// Floats of x that stay in the second-level cache while the panels pass by.
#define RK_RESIDENT_FLOATS (96 * 1024)

/// Parts that the depth is cut into, so that so many rows of one part stay in the second-level cache while all panels
/// pass by. Sums wait in `out` between parts: for plain stores only.
static size_t depth_parts(const rk_product *p, size_t rows) {
  if (p->activation != RK_IDENTITY || p->n % RK_PANEL || p->residual == p->out) return 1;
  const size_t parts = (rows * p->k + RK_RESIDENT_FLOATS - 1) / RK_RESIDENT_FLOATS;
  return parts ? parts : 1;
}

/// A part of a product that a few panels of weights serve: some rows and some of the depth.
typedef struct {
  size_t row;         // the first one
  size_t tiles;       // of so many rows …
  size_t height;
  size_t higher;      // … the first ones of one more
  size_t panel, panels;
  size_t next;        // panels that come after these
  size_t begin, end;  // of the depth
} rk_piece;

/// Fetches what a tile reads and writes at its end, while its sums are taken.
RK_INLINE void fetch_ends(const rk_tile *tile, size_t rows, size_t panels, int direct) {
  for (size_t j = 0; direct && j < panels; j++)
    for (size_t r = 0; r < rows; r++) {
      if (tile->residual) __builtin_prefetch(tile->residual + r * tile->ldr + j * RK_PANEL, 0, 3);
      __builtin_prefetch(tile->out[j] + r * tile->ldo, 1, 3);
    }
}

static void multiply_piece(const rk_product *p, const rk_piece *piece) {
  const size_t depth = piece->end - piece->begin, panels = piece->panels, column = piece->panel * RK_PANEL;
  const int begins = piece->begin == 0, ends = piece->end == p->k;
  const int direct = p->activation == RK_IDENTITY && column + panels * RK_PANEL <= p->n;
  float buffer[RK_TILE_ROWS * RK_TILE_PANELS_MAX * RK_PANEL];
  rk_tile tile = {
      .x = p->x + piece->row * p->ldx + piece->begin, .ldx = p->ldx, .depth = depth,
      .w = p->packed + column * p->k + piece->begin * RK_PANEL, .apart = p->k * RK_PANEL,
      .begun = !begins, .bias = p->bias && ends ? p->bias + column : NULL,
  };
  for (size_t j = 0; j < panels; j++) {
    const rk_place place = place_of(p, piece->row, column + j * RK_PANEL);
    tile.out[j] = direct ? place.out : buffer + j * RK_PANEL;
    tile.ldo = direct ? place.stride : panels * RK_PANEL;
  }
  if (direct && p->residual && ends) {
    tile.residual = p->residual + piece->row * p->ldr + column;
    tile.ldr = p->ldr;
  }

  // While rows use these panels, the next ones are on their way, evenly: each is fetched by `each` tiles. More at a
  // time would hold up what the sums wait for. A single tile reads weights only once; there the processor's own
  // prefetching does better.
  const int fetches = piece->tiles > 1 && piece->next;
  const size_t each = !fetches ? 0 : piece->tiles > piece->next ? piece->tiles / piece->next : 1;
  const size_t ahead_step = each ? (RK_PANEL + each - 1) / each : 0;
  size_t ahead_panel = 0, ahead_part = 0;
  size_t row = piece->row;
  for (size_t t = 0; t < piece->tiles; t++) {
    const size_t rows = piece->height + (t < piece->higher);
    tile.ahead[0] = tile.w;
    tile.ahead_step = 0;
    if (ahead_panel < piece->next) {
      tile.ahead_step = ahead_step;
      tile.ahead[0] += (panels + ahead_panel) * tile.apart + ahead_part * ahead_step * depth;
      if (++ahead_part == each) ahead_part = 0, ahead_panel++;
    }
    fetch_ends(&tile, rows, panels, direct);
    tiles[RK_WEIGHTS][panels - 1][rows - 1](&tile);
    if (!direct) finish_tile(p, buffer, row, rows, piece->panel, panels);
    row += rows;
    tile.x += rows * tile.ldx;
    if (direct) {
      for (size_t j = 0; j < panels; j++) tile.out[j] += rows * tile.ldo;
      if (tile.residual) tile.residual += rows * tile.ldr;
    }
  }
}

static void multiply(const rk_product *p, size_t row_begin, size_t row_end, size_t panel_begin, size_t panel_end) {
  if (row_begin >= row_end) return;
  const size_t rows = row_end - row_begin;
  const rk_cut cut = cut_rows(rows, RK_PRODUCT_ROWS);
  const size_t blocks = (rows + RK_BLOCK_ROWS - 1) / RK_BLOCK_ROWS;
  const size_t parts = depth_parts(p, (rows + blocks - 1) / blocks);
  const size_t higher = rows % cut.tiles;
  rk_piece piece = {.row = row_begin, .height = rows / cut.tiles};
  for (size_t block = 0; block < blocks; block++) {
    const size_t first = cut.tiles * block / blocks;
    piece.tiles = cut.tiles * (block + 1) / blocks - first;
    piece.higher = higher <= first ? 0 : higher - first < piece.tiles ? higher - first : piece.tiles;
    for (size_t part = 0; part < parts; part++) {
      piece.begin = p->k * part / parts;
      piece.end = p->k * (part + 1) / parts;
      for (piece.panel = panel_begin; piece.panel < panel_end; piece.panel += piece.panels) {
        const size_t left = panel_end - piece.panel;
        piece.panels = left < cut.panels ? left : cut.panels;
        piece.next = left - piece.panels < piece.panels ? left - piece.panels : piece.panels;
        multiply_piece(p, &piece);
      }
    }
    piece.row += piece.tiles * piece.height + piece.higher;
  }
}
