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
  const float *ahead;     // each step fetches the line here towards the second-level cache …
  size_t ahead_step;      // … and goes on by so many floats
  int begun;              // the sums go on from what stands in `out`
  const float *row_scale; // M factors applied to the sums, or NULL
  const float *bias;      // added then, P · 16 floats, or NULL
  const float *residual;  // added last, or NULL
  size_t ldr;
  float *out[RK_TILE_PANELS_MAX];  // where each panel's columns of row 0 go
  size_t ldo;
} rk_tile;

#define RK_UNROLL _Pragma("clang loop unroll(full)")

// Keeps a value in its register: without this the compiler derives a dozen row addresses from one another in ways that
// need more registers than there are, and moves loads between steps until the sums themselves spill.
#define RK_PIN(value) __asm__ volatile("" : "+r"(value))

/// Rows whose addresses come from one pointer (plus 0, 1, 2, 3 times the distance).
#define RK_ROW_GROUP 4
#define RK_ROW_GROUPS ((RK_TILE_ROWS + RK_ROW_GROUP - 1) / RK_ROW_GROUP)

RK_INLINE void compute_tile(const rk_tile *tile, const size_t M, const size_t P) {
  vf sum[RK_TILE_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t r = 0; r < M; r++) RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = splat(0.0f);

  if (tile->begun)
    RK_UNROLL for (size_t p = 0; p < P; p++)
      RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = load(tile->out[p] + r * tile->ldo);

  size_t row = tile->ldx, panel = tile->panel, step = tile->step, ahead_step = tile->ahead_step;
  size_t rows3 = 3 * row, panels3 = 3 * panel;
  RK_PIN(row);
  RK_PIN(rows3);
  RK_PIN(panel);
  RK_PIN(panels3);
  RK_PIN(ahead_step);
  const float *x[RK_ROW_GROUPS], *w = tile->w, *ahead = tile->ahead;
  RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] = tile->x + g * RK_ROW_GROUP * row;

#define RK_STEP(i)                                                                                     \
  {                                                                                                    \
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) RK_PIN(x[g]);                              \
    RK_PIN(w);                                                                                         \
    RK_PIN(ahead);                                                                                     \
    __builtin_prefetch(ahead, 0, 2);                                                                   \
    ahead += ahead_step;                                                                               \
    vf weights[RK_TILE_PANELS_MAX];                                                                    \
    RK_UNROLL for (size_t p = 0; p < P; p++) weights[p] = load(w + (p == 3 ? panels3 : p * panel));    \
    w += step;                                                                                         \
    RK_UNROLL for (size_t r = 0; r < M; r++) {                                                         \
      const size_t offset = r % RK_ROW_GROUP;                                                          \
      vf value = splat(x[r / RK_ROW_GROUP][(i) + (offset == 3 ? rows3 : offset * row)]);               \
      RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = fma_(value, weights[p], sum[r][p]);         \
    }                                                                                                  \
  }

  size_t depth = tile->depth;
  for (; depth >= 4; depth -= 4) {
    RK_STEP(0)
    RK_STEP(1)
    RK_STEP(2)
    RK_STEP(3)
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] += 4;
  }
  for (; depth > 0; depth--) {
    RK_STEP(0)
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] += 1;
  }
#undef RK_STEP

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
