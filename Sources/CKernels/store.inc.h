// What happens to a tile's sums: activation, residual, and where they go.

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

/// Rows that `finish_tile` works on at once.
#define RK_FINISH_ROWS 4

/// `count` rows of one panel: from `x`, [rows][step], to `out`.
RK_INLINE void finish_rows(const float *x, size_t step, const float *residual, size_t ldr, rk_place place,
                           const size_t count, const int activation) {
  vf value[RK_FINISH_ROWS];
  RK_EACH value[i] = load(x + i * step);
  activate_vectors(value, count, activation);
  if (residual) RK_EACH value[i] += load(residual + i * ldr);
  RK_EACH store(place.out + i * place.stride, value[i]);
}

/// Activation, residual and store of a tile that went to `buffer` ([rows][panels][16]), because it needs an activation
/// or ends inside a panel.
RK_INLINE void finish_tile_as(const rk_product *p, const float *buffer, size_t row, size_t rows, size_t panel,
                              size_t panels, const int activation) {
  for (size_t j = 0; j < panels; j++) {
    const size_t column = (panel + j) * RK_PANEL, step = panels * RK_PANEL;
    const size_t width = p->n - column < RK_PANEL ? p->n - column : RK_PANEL;
    const float *x = buffer + j * RK_PANEL, *residual = p->residual ? p->residual + row * p->ldr + column : NULL;
    rk_place place = place_of(p, row, column);
    for (size_t r = 0; r < rows;) {
      const size_t count = rows - r >= RK_FINISH_ROWS && width == RK_PANEL ? RK_FINISH_ROWS : 1;
      if (count == RK_FINISH_ROWS) {
        finish_rows(x, step, residual, p->ldr, place, RK_FINISH_ROWS, activation);
      } else if (width == RK_PANEL) {
        finish_rows(x, step, residual, p->ldr, place, 1, activation);
      } else {
        vf value = load(x);
        activate_vectors(&value, 1, activation);
        if (residual) value += load_first(residual, width);
        store_first(place.out, value, width);
      }
      r += count;
      x += count * step;
      place.out += count * place.stride;
      if (residual) residual += count * p->ldr;
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
