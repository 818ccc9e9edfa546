// The micro-kernel: a tile of M rows by P panels whose sums stay in registers.
//
// The same kernel serves packed weights, scores (keys packed like weights) and the product of a map with values
// (value rows read in place). Every sum runs over the depth from 0 upwards with one multiply-add a step, whatever M
// and P are.

typedef struct {
  const float *x;         // M rows of `depth` floats
  size_t ldx, depth;
  const float *w;         // P panels of sixteen columns, one of the layouts below
  size_t apart;           // floats between panels, or between depths
  const float *soon;      // keys and values: lies as `w` does, and is fetched into the first-level cache
  const float *ahead[2];  // fetched towards the second-level cache, a line a step: weights at the first, values at both
  size_t ahead_step;      // weights: floats from one step's line to the next one's; values go on by a line
  int begun;              // the sums go on from what stands in `out`
  const float *row_scale; // M factors applied to the sums, or NULL
  const float *bias;      // added then, P · 16 floats, or NULL
  const float *residual;  // added last, or NULL
  size_t ldr;
  float *out[RK_TILE_PANELS_MAX];  // where each panel's columns of row 0 go
  size_t ldo;
} rk_tile;

/// What rows are multiplied with. Constants of a layout become part of the instructions: sums of addresses would take
/// the place of others.
typedef enum {
  RK_WEIGHTS,  // [depth][16] for each panel, `apart` from one another
  RK_KEYS,     // the same
  RK_VALUES,   // panels side by side, depths `apart`
  RK_LAYOUTS,
} rk_layout;

#define RK_ROW_GROUPS ((RK_TILE_ROWS + RK_ROW_GROUP - 1) / RK_ROW_GROUP)

RK_INLINE void compute_tile(const rk_tile *tile, const rk_layout layout, const size_t M, const size_t P) {
  vf sum[RK_TILE_ROWS][RK_TILE_PANELS_MAX];
  RK_UNROLL for (size_t r = 0; r < M; r++) RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = splat(0.0f);

  if (tile->begun)
    RK_UNROLL for (size_t p = 0; p < P; p++)
      RK_UNROLL for (size_t r = 0; r < M; r++) sum[r][p] = load(tile->out[p] + r * tile->ldo);

  size_t row = tile->ldx, apart = tile->apart, row3 = 3 * row, apart3 = 3 * apart;
  RK_PIN(row);
  RK_PIN(row3);
  RK_PIN(apart);
  RK_PIN(apart3);
  const float *x[RK_ROW_GROUPS], *w = tile->w, *soon = tile->soon, *ahead = tile->ahead[0], *other = tile->ahead[1];
  size_t ahead_step = tile->ahead_step, ahead_step3 = 3 * ahead_step;
  if (layout == RK_WEIGHTS) {
    RK_PIN(ahead_step);
    RK_PIN(ahead_step3);
  }
  RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] = tile->x + g * RK_ROW_GROUP * row;
  const size_t advance = layout == RK_VALUES ? apart : RK_PANEL;

#define RK_STEP(i)                                                                                      \
  {                                                                                                     \
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) RK_PIN(x[g]);                               \
    RK_PIN(w);                                                                                          \
    if (layout == RK_WEIGHTS) {                                                                         \
      RK_PIN(ahead);                                                                                    \
      __builtin_prefetch(ahead + times(i, ahead_step, ahead_step3), 0, 2);                              \
    } else {                                                                                            \
      RK_PIN(soon);                                                                                     \
    }                                                                                                   \
    if (layout == RK_VALUES) {                                                                          \
      RK_PIN(ahead);                                                                                    \
      RK_PIN(other);                                                                                    \
      __builtin_prefetch(ahead + (i) * RK_LANES, 0, 2);                                                 \
      __builtin_prefetch(other + (i) * RK_LANES, 0, 2);                                                 \
    }                                                                                                   \
    vf weights[RK_TILE_PANELS_MAX];                                                                     \
    RK_UNROLL for (size_t p = 0; p < P; p++) {                                                          \
      const size_t offset = layout == RK_VALUES ? p * RK_PANEL + times(i, apart, apart3)                \
                                                : (i) * RK_PANEL + times(p, apart, apart3);             \
      weights[p] = load(w + offset);                                                                    \
      __builtin_prefetch((layout == RK_WEIGHTS ? w + RK_SOON_STEPS * RK_PANEL : soon) + offset, 0, 3);  \
    }                                                                                                   \
    RK_UNROLL for (size_t r = 0; r < M; r++) {                                                          \
      vf value = splat(x[r / RK_ROW_GROUP][(i) + times(r % RK_ROW_GROUP, row, row3)]);                  \
      RK_UNROLL for (size_t p = 0; p < P; p++) sum[r][p] = fma_(value, weights[p], sum[r][p]);          \
    }                                                                                                   \
  }
#define RK_ADVANCE(steps)                                                                               \
  {                                                                                                     \
    RK_UNROLL for (size_t g = 0; g * RK_ROW_GROUP < M; g++) x[g] += steps;                              \
    w += (steps) * advance;                                                                             \
    if (layout == RK_WEIGHTS) ahead += (steps) * ahead_step;                                            \
    else soon += (steps) * advance;                                                                     \
    if (layout == RK_VALUES) ahead += (steps) * RK_LANES, other += (steps) * RK_LANES;                  \
  }

  size_t depth = tile->depth;
  for (; depth >= RK_STEPS; depth -= RK_STEPS) {
    RK_STEP(0)
    RK_STEP(1)
    RK_STEP(2)
    RK_STEP(3)
    RK_ADVANCE(RK_STEPS)
  }
  for (; depth > 0; depth--) {
    RK_STEP(0)
    RK_ADVANCE(1)
  }
#undef RK_STEP
#undef RK_ADVANCE

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
#define RK_DEFINE_TILE(M, P)                                                                        \
  static void weights_##M##x##P(const rk_tile *tile) { compute_tile(tile, RK_WEIGHTS, M, P); }       \
  static void keys_##M##x##P(const rk_tile *tile) { compute_tile(tile, RK_KEYS, M, P); }             \
  static void values_##M##x##P(const rk_tile *tile) { compute_tile(tile, RK_VALUES, M, P); }
RK_TILE_SHAPES(RK_DEFINE_TILE)

typedef void (*rk_tile_function)(const rk_tile *);

#define RK_TABLE_TILE(M, P)                           \
  [RK_WEIGHTS][P - 1][M - 1] = weights_##M##x##P,     \
  [RK_KEYS][P - 1][M - 1] = keys_##M##x##P,           \
  [RK_VALUES][P - 1][M - 1] = values_##M##x##P,
static const rk_tile_function tiles[RK_LAYOUTS][RK_TILE_PANELS_MAX][RK_TILE_ROWS] = {RK_TILE_SHAPES(RK_TABLE_TILE)};

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
