// The micro-kernel: a tile of M rows by P panels whose sums stay in registers.
//
// The same kernel serves packed weights, scores (keys packed like weights) and the product of a map with values
// (value rows read in place). Every sum runs over the depth from 0 upwards with one multiply-add a step, whatever M
// and P are.

/// Panels in the widest tile of any instruction set.
#define RK_TILE_PANELS_MAX 4

typedef struct {
  const float *x;         // M rows of `depth` floats
  size_t ldx, depth;
  const float *w;         // P panels of [depth][16]
  size_t step, panel;     // floats from one depth to the next, and from one panel to the next
  const float *ahead[2];  // each step fetches a cache line of these towards the core
  const float *row_scale; // M factors applied to the sums, or NULL
  const float *bias;      // added then, P · 16 floats, or NULL
  const float *residual;  // added last, or NULL
  size_t ldr;
  float *out[RK_TILE_PANELS_MAX];  // where each panel's columns of row 0 go
  size_t ldo;
} rk_tile;

#define RK_UNROLL _Pragma("clang loop unroll(full)")

RK_INLINE void compute_tile(const rk_tile *tile, const size_t M, const size_t P) {
  vf sum[RK_TILE_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t r = 0; r < M; r++) RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = splat(0.0f);

  const float *x = tile->x, *w = tile->w, *ahead0 = tile->ahead[0], *ahead1 = tile->ahead[1];
  const size_t ldx = tile->ldx, depth = tile->depth, step = tile->step, panel = tile->panel;
  _Pragma("clang loop unroll_count(4)")
  for (size_t i = 0; i < depth; i++) {
    __builtin_prefetch(ahead0 + i * RK_PANEL);
    __builtin_prefetch(ahead1 + i * RK_PANEL);
    vf weights[RK_TILE_PANELS_MAX];
    RK_UNROLL for (size_t p = 0; p < P; p++) weights[p] = load(w + i * step + p * panel);
    RK_UNROLL for (size_t r = 0; r < M; r++) {
      vf value = splat(x[r * ldx + i]);
      RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = fma_(value, weights[p], sum[r][p]);
    }
  }

  if (tile->row_scale)
    RK_UNROLL for (size_t r = 0; r < M; r++) RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] *= tile->row_scale[r];
  if (tile->bias)
    RK_UNROLL for (size_t p = 0; p < P; p++) {
      vf bias = load(tile->bias + p * RK_PANEL);
      RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] += bias;
    }
  if (tile->residual)
    RK_UNROLL for (size_t r = 0; r < M; r++)
      RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] += load(tile->residual + r * tile->ldr + p * RK_PANEL);
  RK_UNROLL for (size_t p = 0; p < P; p++)
    RK_UNROLL for (size_t r = 0; r < M; r++) store(tile->out[p] + r * tile->ldo, sum[r][p]);
}

// RK_TILE_SHAPES(X) of the instruction set calls X(M, P) for each shape it wants; rows of the table it leaves empty are
// never asked for (see `panels_for_height`).
#define RK_DEFINE_TILE(M, P) \
  static void tile_##M##x##P(const rk_tile *tile) { compute_tile(tile, M, P); }
RK_TILE_SHAPES(RK_DEFINE_TILE)

typedef void (*rk_tile_function)(const rk_tile *);

#define RK_TABLE_TILE(M, P) [P - 1][M - 1] = tile_##M##x##P,
static const rk_tile_function tiles[RK_TILE_PANELS_MAX][RK_TILE_ROWS] = {RK_TILE_SHAPES(RK_TABLE_TILE)};

/// How a range of rows is cut into tiles: evenly, so that no small remainder runs at a fraction of the speed.
typedef struct {
  size_t tiles;   // their number
  size_t panels;  // panels of a full tile
} rk_cut;

RK_INLINE rk_cut cut_rows(size_t rows, size_t most) {
  rk_cut cut;
  cut.tiles = (rows + most - 1) / most;
  size_t height = (rows + cut.tiles - 1) / cut.tiles;
  cut.panels = RK_PANELS_FOR_HEIGHT(height);
  return cut;
}
