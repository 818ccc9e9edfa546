// Attention's two products in bfloat16.

/// What products in bfloat16 work on, in the scratch behind that of float32.
typedef struct {
  uint8_t *queries;  // a strip's rows
  uint8_t *weights;  // the same of its map
  uint8_t *keys;     // [keys / 16][head_size / 2][16] pairs
  uint8_t *values;   // for each consumer [width / 16][keys / 2][16] pairs
  size_t padded;     // keys, whole panels
} rk_rounded;

static rk_rounded rounded_scratch(const rk_map *m) {
  rk_rounded place = {.padded = rk_round_up(m->keys, RK_PANEL)};
  place.queries = (uint8_t *)(m->scratch + place.padded * m->head_size + RK_STRIP_ROWS_MAX * rk_strip_stride(m->keys));
  place.weights = place.queries + RK_STRIP_ROWS_MAX * (m->head_size + 32) * sizeof(float);
  place.keys = place.weights + RK_STRIP_ROWS_MAX * (place.padded + 32) * sizeof(float);
  place.values = place.keys + place.padded * m->head_size * sizeof(uint16_t);
  return place;
}

/// Keys `begin`..<`end` from float32 panels.
static void round_keys(const float *panels, size_t begin, size_t end, size_t head_size, uint8_t *out) {
  const size_t first = begin / RK_PANEL * head_size, last = rk_round_up(end, RK_PANEL) / RK_PANEL * head_size;
  for (size_t row = first; row < last; row += 2)
    store_pairs(out + row * RK_PANEL * sizeof(uint16_t), load(panels + row * RK_PANEL),
                load(panels + (row + 1) * RK_PANEL));
}

/// Keys and values that some query of the call sees.
static void round_inputs(const rk_map *m, rk_view seen, const rk_rounded *place) {
  if (m->packed_keys) round_keys(m->packed_keys, seen.begin, seen.end, m->head_size, place->keys);
  else if (m->q) m->rounded->round_keys(m->k, m->ldk, seen.begin, seen.end, m->head_size, place->keys);
  uint8_t *values = place->values;
  for (size_t c = 0; c < m->consumer_count; c++) {
    const rk_consumer *consumer = m->consumers + c;
    m->rounded->round_values(consumer->v, consumer->ldv, seen.begin, seen.end, consumer->width, place->padded, values);
    values += place->padded * consumer->width * sizeof(uint16_t);
  }
}

static void score_rounded(const rk_map *m, size_t query, size_t rows, rk_view view, const rk_rounded *place,
                          float *strip, size_t stride) {
  const size_t first = view.begin / RK_PANEL, last = rk_round_up(view.end, RK_PANEL) / RK_PANEL;
  const size_t apart = m->head_size * RK_PANEL * sizeof(uint16_t);
  m->rounded->round(m->q + query * m->ldq, m->ldq, rows, m->head_size, place->queries);
  m->rounded->multiply_rows(place->queries, m->rounded->stride(m->head_size), rows, m->head_size,
                            place->keys + first * apart, apart, last - first, NULL, strip + first * RK_PANEL, stride);
}

/// Products of a strip's weights with the values of all consumers. Pairs are of keys 2i and 2i + 1, wherever the view
/// begins: what it leaves out of a pair is 0.
static void consume_rounded(const rk_map *m, size_t query, size_t rows, rk_view view, const rk_rounded *place,
                            const float *strip, size_t stride, const float *factors) {
  const size_t begin = view.begin / 2 * 2, depth = view.end - begin;
  m->rounded->round(strip + begin, stride, rows, depth, place->weights);
  const uint8_t *values = place->values + begin * RK_PANEL * sizeof(uint16_t);
  const size_t apart = place->padded * RK_PANEL * sizeof(uint16_t);
  for (size_t c = 0; c < m->consumer_count; c++) {
    const rk_consumer *consumer = m->consumers + c;
    m->rounded->multiply_rows(place->weights, m->rounded->stride(depth), rows, depth, values, apart,
                              consumer->width / RK_PANEL, factors, consumer->out + query * consumer->ldo,
                              consumer->ldo);
    values += place->padded * consumer->width * sizeof(uint16_t);
  }
}
