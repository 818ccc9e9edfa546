// Attention: a strip of query rows at a time, scores → softmax → products with values, while the strip is in cache.

/// The keys that a query sees are a range, because masks are causal, a window, or nothing.
typedef struct {
  size_t begin, end;
  int64_t position;  // the query's own key, which may lie outside of the keys
} rk_view;

/// The first key, of those in order of their positions, that stands at `position` or behind it.
static size_t first_key_from(const rk_map *m, int64_t position) {
  size_t low = 0, high = m->keys;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (m->key_positions[middle] < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Inlined: a view that is returned through memory is read back in wider parts than it was written in, which stalls.
RK_INLINE rk_view view_of(const rk_map *m, size_t query) {
  rk_view view = {.begin = 0, .end = m->keys};
  if (m->position) view.position = m->position[query];
  else view.position = (int64_t)query + (m->causal ? (int64_t)m->keys - (int64_t)m->queries : 0);
  if (m->causal && view.position + 1 < (int64_t)m->keys)
    view.end = view.position < 0 ? 0 : (size_t)(view.position + 1);
  if (m->window && m->key_positions) {
    const int64_t place = m->query_positions ? m->query_positions[query] : view.position;
    view.begin = first_key_from(m, place - (int64_t)m->window + 1);
    if (!m->causal) view.end = first_key_from(m, place + (int64_t)m->window);
  } else if (m->window) {
    const int64_t first = view.position - (int64_t)m->window + 1, behind = view.position + (int64_t)m->window;
    if (first > 0) view.begin = (size_t)first;
    if (!m->causal && behind < (int64_t)m->keys) view.end = behind < 0 ? 0 : (size_t)behind;
  }
  if (view.begin >= view.end) view.begin = view.end = 0;
  return view;
}

// ---- keys as panels ----------------------------------------------------------------------------------------------

static void pack_keys(const float *k, size_t ldk, size_t begin, size_t end, size_t head_size, float *packed) {
  static const float zeros[RK_LANES] = {0};
  for (size_t key = begin / RK_LANES * RK_LANES; key < end; key += RK_LANES)
    for (size_t column = 0; column < head_size; column += RK_LANES) {
      const float *rows[RK_LANES];
      for (size_t i = 0; i < RK_LANES; i++) rows[i] = key + i < end ? k + (key + i) * ldk + column : zeros;
      transpose_block(rows, packed + key * head_size + column * RK_LANES);
    }
}

/// Rows that softmax works on at once.
#define RK_SOFTMAX_ROWS RK_TOGETHER

// ---- one row of a map --------------------------------------------------------------------------------------------

RK_INLINE int64_t within(int64_t distance, int64_t reach) {
  return distance < -reach ? -reach : distance > reach ? reach : distance;
}

/// Adds what depends on the distance between query and key.
static void add_distances(const rk_map *m, size_t query, rk_view view, float *row) {
  const int64_t position = m->query_positions ? m->query_positions[query] : view.position;
  if (m->distances) {
    size_t j = view.begin;
    if (!m->key_positions) {
      // Keys within reach stand side by side in the table.
      for (; j < view.end && (int64_t)j - position < -m->reach; j++) row[j] += m->distances[-m->reach];
      const int64_t beyond = position + m->reach + 1;
      const size_t end = beyond < (int64_t)view.end ? (beyond < (int64_t)j ? j : (size_t)beyond) : view.end;
      for (; j + RK_LANES <= end; j += RK_LANES)
        store(row + j, load(row + j) + load(m->distances + ((int64_t)j - position)));
      for (; j < end; j++) row[j] += m->distances[(int64_t)j - position];
    }
    for (; j < view.end; j++)
      row[j] += m->distances[within((m->key_positions ? m->key_positions[j] : (int64_t)j) - position, m->reach)];
  }
  if (m->columns) {
    const float *own = m->by_query + query * m->ldby_query;
    for (size_t j = view.begin; j < view.end; j++) {
      const int64_t distance = (m->key_positions ? m->key_positions[j] : (int64_t)j) - position;
      const int32_t column = m->columns[within(distance, m->reach)];
      row[j] += own[column] + m->by_key[j * m->ldby_key + column];
    }
  }
}

/// Softcap, ALiBi, distances, bias and mask, in this order, on the visible scores.
static void adjust_scores(const rk_map *m, size_t query, rk_view view, float *row) {
  if (m->softcap != 0.0f) {
    const float factor = 1.0f / m->softcap;
    for (size_t j = view.begin / RK_LANES * RK_LANES; j < view.end; j += RK_LANES)
      store(row + j, splat(m->softcap) * tanh_(load(row + j) * splat(factor)));
  }
  if (m->alibi_slope != 0.0f)
    for (size_t j = view.begin; j < view.end; j++)
      row[j] = fma1(m->alibi_slope, (float)((int64_t)j - view.position), row[j]);
  add_distances(m, query, view, row);
  if (m->bias) {
    const float *bias = m->bias + query * m->ldb;
    size_t j = view.begin;
    for (; j + RK_LANES <= view.end; j += RK_LANES) store(row + j, load(row + j) + load(bias + j));
    for (; j < view.end; j++) row[j] += bias[j];
  }
  if (m->mask) {
    const float *mask = m->mask + query * m->ldmask;
    size_t j = view.begin;
    for (; j + RK_LANES <= view.end; j += RK_LANES) store(row + j, load(row + j) + load(mask + j));
    for (; j < view.end; j++) row[j] += mask[j];
  }
}

/// Turns the scores of R rows into 2^(log2 e · (score − maximum)) over whole vectors `begin`..<`end`; a factor becomes
/// 1 / sum of the row, 0 where everything is hidden. Several rows at once keep the arithmetic units busy.
RK_INLINE void softmax_rows(float *strip, size_t stride, size_t begin, size_t end, float *factors, const size_t R) {
  // Lanes of four rows are put together at once; what is missing of four is never looked at.
  vf top[RK_SOFTMAX_ROWS + 2], sum[RK_SOFTMAX_ROWS + 2];
  RK_UNROLL for (size_t r = 0; r < R; r++) top[r] = splat(-INFINITY);
  for (size_t j = begin; j < end; j += RK_LANES)
    RK_UNROLL for (size_t r = 0; r < R; r++) top[r] = at_least(load(strip + r * stride + j), top[r]);
  RK_UNROLL for (size_t r = R; r < (R + 3) / 4 * 4; r++) top[r] = sum[r] = splat(0.0f);
  RK_UNROLL for (size_t r = 0; r < R; r += 4) {
    const vf4 four = max_lanes_of_four(top + r), largest = four == (vf4)-INFINITY ? (vf4)0.0f : four;
    RK_UNROLL for (size_t i = 0; i < 4; i++) top[r + i] = splat(largest[i]);
  }
  RK_UNROLL for (size_t r = 0; r < R; r++) sum[r] = splat(0.0f);
  for (size_t j = begin; j < end; j += RK_LANES) {
    // Subtracted first: masks made of huge numbers would not survive the rounding of a product.
    vf x[RK_SOFTMAX_ROWS];
    RK_UNROLL for (size_t r = 0; r < R; r++) x[r] = (load(strip + r * stride + j) - top[r]) * splat(RK_LOG2_E);
    exp2_(x, R);
    RK_UNROLL for (size_t r = 0; r < R; r++) {
      store(strip + r * stride + j, x[r]);
      sum[r] += x[r];
    }
  }
  RK_UNROLL for (size_t r = 0; r < R; r += 4) {
    const vf4 total = sum_lanes_of_four(sum + r), factor = total == (vf4)0.0f ? (vf4)0.0f : (vf4)1.0f / total;
    RK_UNROLL for (size_t i = 0; i < 4; i++) if (r + i < R) factors[r + i] = factor[i];
  }
}

/// Softmax without the division, over the keys of `all`; what a row does not see becomes 0.
static void softmax_strip(const rk_view *views, size_t rows, rk_view all, float *strip, size_t stride, float *factors) {
  const size_t begin = all.begin / RK_LANES * RK_LANES, end = rk_round_up(all.end, RK_LANES);
  for (size_t r = 0; r < rows; r++) {
    float *row = strip + r * stride;
    const size_t seen_end = views[r].end > begin ? views[r].end : begin;
    for (size_t j = begin; j < views[r].begin && j < end; j++) row[j] = -INFINITY;
    for (size_t j = seen_end; j < end; j++) row[j] = -INFINITY;
  }
  size_t r = 0;
  // Seven and eight are halved: one or two rows alone wait for themselves.
  for (; rows - r >= RK_SOFTMAX_ROWS && rows - r != 7 && rows - r != 8; r += RK_SOFTMAX_ROWS)
    softmax_rows(strip + r * stride, stride, begin, end, factors + r, RK_SOFTMAX_ROWS);
  if (rows - r > RK_SOFTMAX_ROWS) {
    softmax_rows(strip + r * stride, stride, begin, end, factors + r, 4);
    r += 4;
  }
  switch (rows - r) {
    case 5: softmax_rows(strip + r * stride, stride, begin, end, factors + r, 5); break;
    case 4: softmax_rows(strip + r * stride, stride, begin, end, factors + r, 4); break;
    case 3: softmax_rows(strip + r * stride, stride, begin, end, factors + r, 3); break;
    case 2: softmax_rows(strip + r * stride, stride, begin, end, factors + r, 2); break;
    case 1: softmax_rows(strip + r * stride, stride, begin, end, factors + r, 1); break;
  }
}

/// The key that a pattern looks at, or `keys` when there is none.
static size_t pattern_target(const rk_map *m, int kind, rk_view view) {
  int64_t target = view.position;
  if (kind == RK_TERM_FIRST) target = (int64_t)view.begin;
  if (kind == RK_TERM_PREVIOUS && view.position - 1 >= (int64_t)view.begin) target -= 1;
  if (kind == RK_TERM_NEXT && view.position + 1 < (int64_t)view.end) target += 1;
  return target >= (int64_t)view.begin && target < (int64_t)view.end ? (size_t)target : m->keys;
}

/// Maps that one pass over a row adds up.
enum { BLEND_MAPS = 4 };

/// Adds Σ weight · map over the visible keys to the row, or starts it with the sum, for `count` maps.
///
/// One pass for all maps: loads and stores of the row, although in the first-level cache, cost as much as the maps'.
RK_INLINE void blend_maps(const rk_term *const *terms, const size_t count, int starts, size_t query, rk_view view,
                          float *row) {
  const float *maps[BLEND_MAPS];
  vf weights[BLEND_MAPS];
  for (size_t t = 0; t < count; t++) {
    maps[t] = terms[t]->map + query * terms[t]->ldmap;
    weights[t] = splat(terms[t]->weight);
  }
  size_t j = view.begin;
  for (; j + RK_LANES <= view.end; j += RK_LANES) {
    vf sum = starts ? splat(0.0f) : load(row + j);
    for (size_t t = 0; t < count; t++) sum = fma_(weights[t], load(maps[t] + j), sum);
    store(row + j, sum);
  }
  const size_t rest = view.end - j;
  if (!rest) return;
  vf sum = starts ? splat(0.0f) : load_first(row + j, rest);
  for (size_t t = 0; t < count; t++) sum = fma_(weights[t], load_first(maps[t] + j, rest), sum);
  store_first(row + j, sum, rest);
}

/// The weighted sum of the terms over the visible keys: maps first, in their order, then patterns.
static void blend_terms(const rk_map *m, size_t query, rk_view view, float *row) {
  const size_t count = view.end - view.begin;
  if (count == 0) return;
  const rk_term *maps[BLEND_MAPS];
  size_t waiting = 0;
  int starts = 1;
  for (size_t t = 0; t < m->term_count; t++) {
    if (m->terms[t].kind != RK_TERM_MAP) continue;
    maps[waiting++] = m->terms + t;
    if (waiting < BLEND_MAPS) continue;
    blend_maps(maps, BLEND_MAPS, starts, query, view, row);
    starts = 0;
    waiting = 0;
  }
  switch (waiting) {
    case 3: blend_maps(maps, 3, starts, query, view, row); break;
    case 2: blend_maps(maps, 2, starts, query, view, row); break;
    case 1: blend_maps(maps, 1, starts, query, view, row); break;
    default: if (starts) memset(row + view.begin, 0, count * sizeof(float));
  }
  for (size_t t = 0; t < m->term_count; t++) {
    const rk_term *term = m->terms + t;
    if (term->kind == RK_TERM_MAP) continue;
    if (term->kind == RK_TERM_MEAN) {
      const float share = term->weight / (float)count;
      for (size_t j = view.begin; j < view.end; j++) row[j] += share;
    } else {
      const size_t target = pattern_target(m, term->kind, view);
      if (target < m->keys) row[target] += term->weight;
    }
  }
}

static void keep_row(const rk_map *m, size_t query, rk_view view, const float *row, float factor) {
  float *out = m->keep + query * m->ldkeep;
  memset(out, 0, view.begin * sizeof(float));
  size_t j = view.begin;
  for (; j + RK_LANES <= view.end; j += RK_LANES) store(out + j, load(row + j) * splat(factor));
  for (; j < view.end; j++) out[j] = row[j] * factor;
  memset(out + view.end, 0, (m->keys - view.end) * sizeof(float));
}

// ---- strips ------------------------------------------------------------------------------------------------------

/// Scores of `rows` queries for the keys of `view`, to `strip`.
static void score_strip(const rk_map *m, size_t query, size_t rows, rk_view view, const float *packed, float *strip,
                        size_t stride) {
  const size_t widest = RK_PANELS_FOR_HEIGHT(rows), apart = m->head_size * RK_PANEL;
  const size_t first = view.begin / RK_PANEL, last = rk_round_up(view.end, RK_PANEL) / RK_PANEL;
  rk_tile tile = {
      .x = m->q + query * m->ldq, .ldx = m->ldq, .depth = m->head_size,
      .w = packed + first * apart, .apart = apart, .ldo = stride,
  };
  for (size_t j = 0; j < widest; j++) tile.out[j] = strip + (first + j) * RK_PANEL;
  for (size_t panel = first; panel < last; panel += widest) {
    const size_t panels = last - panel < widest ? last - panel : widest;
    // The last panels are followed by nothing.
    tile.soon = panel + widest < last ? tile.w + widest * apart : tile.w;
    tiles[RK_KEYS][panels - 1][rows - 1](&tile);
    tile.w += widest * apart;
    for (size_t j = 0; j < widest; j++) tile.out[j] += widest * RK_PANEL;
  }
}

/// Memory that the next strip touches, fetched while this one is multiplied; NULL: nothing.
typedef struct {
  const float *start[2];
} rk_touched;

/// The rows from `query` on of what a strip reads, or writes, beside its queries and keys.
static rk_touched touched_from(const rk_map *m, size_t query) {
  rk_touched touched = {{NULL, NULL}};
  size_t count = 0;
  if (m->keep) touched.start[count++] = m->keep + query * m->ldkeep;
  for (size_t t = 0; t < m->term_count && count < 2; t++)
    if (m->terms[t].kind == RK_TERM_MAP) touched.start[count++] = m->terms[t].map + query * m->terms[t].ldmap;
  return touched;
}

/// strip · V, each row times its factor.
static void consume_strip(const rk_consumer *consumer, size_t query, size_t rows, rk_view view, const float *strip,
                          size_t stride, const float *factors, rk_touched next) {
  const size_t widest = RK_PANELS_FOR_HEIGHT(rows);
  const size_t last = consumer->width / RK_PANEL;
  rk_tile tile = {
      .x = strip + view.begin, .ldx = stride, .depth = view.end - view.begin,
      .w = consumer->v + view.begin * consumer->ldv, .apart = consumer->ldv,
      .row_scale = factors, .ldo = consumer->ldo,
  };
  for (size_t panel = 0; panel < last; panel += widest) {
    const size_t panels = last - panel < widest ? last - panel : widest;
    for (size_t j = 0; j < panels; j++)
      tile.out[j] = consumer->out + query * consumer->ldo + (panel + j) * RK_PANEL;
    tile.soon = tile.w + RK_SOON_STEPS * consumer->ldv;
    for (size_t i = 0; i < 2; i++) tile.ahead[i] = next.start[i] ? next.start[i] : tile.w;
    tiles[RK_VALUES][panels - 1][rows - 1](&tile);
    tile.w += widest * RK_PANEL;
  }
}

/// The first key, from `begin` on, that some term looks at, or `keys` when there is none.
static size_t next_point(const rk_map *m, rk_view view, size_t begin) {
  size_t next = m->keys;
  for (size_t t = 0; t < m->term_count; t++) {
    const size_t target = pattern_target(m, m->terms[t].kind, view);
    if (target >= begin && target < next) next = target;
  }
  return next;
}

/// Each query looks at a few single keys: their values are added up, no map is made. Key by key upwards, as a product
/// with the map would be summed: whether somebody asks for the map must not change the bits.
static void consume_points(const rk_map *m, size_t query) {
  const rk_view view = view_of(m, query);
  for (size_t c = 0; c < m->consumer_count; c++)
    memset(m->consumers[c].out + query * m->consumers[c].ldo, 0, m->consumers[c].width * sizeof(float));
  for (size_t key = next_point(m, view, 0); key < m->keys; key = next_point(m, view, key + 1)) {
    float share = 0.0f;
    for (size_t t = 0; t < m->term_count; t++)
      if (pattern_target(m, m->terms[t].kind, view) == key) share += m->terms[t].weight;
    const vf weight = splat(share);
    for (size_t c = 0; c < m->consumer_count; c++) {
      const rk_consumer *consumer = m->consumers + c;
      float *out = consumer->out + query * consumer->ldo;
      for (size_t j = 0; j < consumer->width; j += RK_LANES) {
        const vf value = load(consumer->v + key * consumer->ldv + j), sum = load(out + j);
        store(out + j, m->rounded ? sum + (vf)rounded(weight) * (vf)rounded(value) : fma_(weight, value, sum));
      }
    }
  }
}

/// Each query of a strip looks at the key with its largest score, the first of equal ones: its value is copied.
static void consume_largest(const rk_map *m, size_t query, size_t rows, const rk_view *views, const float *strip,
                            size_t stride) {
  for (size_t r = 0; r < rows; r++) {
    const rk_view view = views[r];
    const float *row = strip + r * stride;
    size_t best = view.begin;
    for (size_t j = view.begin + 1; j < view.end; j++)
      if (row[j] > row[best]) best = j;
    const int is_blind = view.begin >= view.end || row[best] == -INFINITY;
    if (m->keep) {
      float *kept = m->keep + (query + r) * m->ldkeep;
      memset(kept, 0, m->keys * sizeof(float));
      if (!is_blind) kept[best] = 1.0f;
    }
    for (size_t c = 0; c < m->consumer_count; c++) {
      const rk_consumer *consumer = m->consumers + c;
      float *out = consumer->out + (query + r) * consumer->ldo;
      for (size_t j = 0; j < consumer->width; j += RK_LANES) {
        vf value = splat(0.0f);
        if (!is_blind) value = load(consumer->v + best * consumer->ldv + j);
        store(out + j, m->rounded ? (vf)rounded(value) : value);
      }
    }
  }
}

#include "rounded.inc.h"

static int only_points(const rk_map *m) {
  // Rounded products have an order of their own, which one point cannot offend.
  if (m->q || m->keep || (m->rounded && m->term_count > 1)) return 0;
  for (size_t t = 0; t < m->term_count; t++)
    if (m->terms[t].kind == RK_TERM_MAP || m->terms[t].kind == RK_TERM_MEAN) return 0;
  return 1;
}

static void attention(const rk_map *m, size_t query_begin, size_t query_end) {
  if (query_begin >= query_end) return;
  if (only_points(m)) {
    for (size_t query = query_begin; query < query_end; query++) consume_points(m, query);
    return;
  }
  // One earlier map as it is: read in place.
  const int borrowed = !m->q && !m->keep && m->term_count == 1 && m->terms[0].kind == RK_TERM_MAP
                       && m->terms[0].weight == 1.0f;
  const size_t stride = rk_strip_stride(m->keys);
  float *strip = m->scratch, *packed = m->scratch + RK_STRIP_ROWS_MAX * stride;
  const int adjusts = m->softcap != 0.0f || m->alibi_slope != 0.0f || m->bias || m->mask || m->distances
                      || m->columns;
  const size_t rows = query_end - query_begin;
  // Rows of a map in place may be a multiple of 4 KiB apart: then they share one set of the first-level cache, which
  // does not hold many.
  const int crowded = borrowed && m->terms[0].ldmap % 1024 == 0;
  const size_t most = m->rounded && m->rounded->rows < RK_TILE_ROWS ? m->rounded->rows : RK_TILE_ROWS;
  const rk_cut cut = cut_rows(rows, crowded && !m->rounded ? RK_PRODUCT_ROWS : most);
  rk_rounded place = {0};
  if (m->rounded || (m->q && !m->packed_keys)) {
    // Only the keys that some query of this call sees.
    const int sees_all = !m->causal && !m->window;
    rk_view seen = sees_all ? (rk_view){.begin = 0, .end = m->keys} : (rk_view){.begin = m->keys, .end = 0};
    for (size_t query = query_begin; query < query_end && !sees_all; query++) {
      const rk_view view = view_of(m, query);
      if (view.begin >= view.end) continue;
      if (view.begin < seen.begin) seen.begin = view.begin;
      if (view.end > seen.end) seen.end = view.end;
    }
    if (m->rounded) {
      place = rounded_scratch(m);
      round_inputs(m, seen, &place);
    } else {
      pack_keys(m->k, m->ldk, seen.begin, seen.end, m->head_size, packed);
    }
  }

  for (size_t t = 0; t < cut.tiles; t++) {
    const size_t query = query_begin + rows * t / cut.tiles;
    const size_t height = query_begin + rows * (t + 1) / cut.tiles - query;
    rk_view views[RK_TILE_ROWS], all = {.begin = m->keys, .end = 0};
    for (size_t r = 0; r < height; r++) {
      views[r] = view_of(m, query + r);
      if (views[r].begin >= views[r].end) continue;
      if (views[r].begin < all.begin) all.begin = views[r].begin;
      if (views[r].end > all.end) all.end = views[r].end;
    }
    if (all.begin > all.end) all.begin = all.end;

    const rk_touched next = t + 1 < cut.tiles ? touched_from(m, query + height) : (rk_touched){{NULL, NULL}};
    if (borrowed) {
      const rk_term *term = m->terms;
      if (m->rounded) {
        consume_rounded(m, query, height, all, &place, term->map + query * term->ldmap, term->ldmap, NULL);
        continue;
      }
      for (size_t c = 0; c < m->consumer_count; c++)
        consume_strip(m->consumers + c, query, height, all, term->map + query * term->ldmap, term->ldmap, NULL, next);
      continue;
    }

    if (m->q && m->rounded) score_rounded(m, query, height, all, &place, strip, stride);
    else if (m->q) score_strip(m, query, height, all, m->packed_keys ? m->packed_keys : packed, strip, stride);
    float factors[RK_TILE_ROWS];
    if (m->q) {
      if (adjusts) for (size_t r = 0; r < height; r++) adjust_scores(m, query + r, views[r], strip + r * stride);
      if (m->hard) {
        consume_largest(m, query, height, views, strip, stride);
        continue;
      }
      softmax_strip(views, height, all, strip, stride, factors);
    } else {
      for (size_t r = 0; r < height; r++) {
        // What the row itself does not see, and its neighbours in the tile do.
        const rk_view view = views[r].begin < views[r].end ? views[r] : (rk_view){.begin = all.end, .end = all.end};
        float *row = strip + r * stride;
        // From the start of a pair on.
        memset(row + all.begin / 2 * 2, 0, (view.begin - all.begin / 2 * 2) * sizeof(float));
        memset(row + view.end, 0, (all.end - view.end) * sizeof(float));
        blend_terms(m, query + r, views[r], row);
        factors[r] = 1.0f;
      }
    }
    if (m->keep)
      for (size_t r = 0; r < height; r++) keep_row(m, query + r, views[r], strip + r * stride, factors[r]);
    if (m->rounded) {
      consume_rounded(m, query, height, all, &place, strip, stride, m->q ? factors : NULL);
      continue;
    }
    for (size_t c = 0; c < m->consumer_count; c++)
      consume_strip(m->consumers + c, query, height, all, strip, stride, m->q ? factors : NULL, next);
  }
}
