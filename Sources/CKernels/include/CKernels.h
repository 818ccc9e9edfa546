// Kernels of the runtime. No allocation, no threads, no state, no knowledge of models. `rk_` stands for "runtime
// kernels"; names behind it are the operation's.
//
// What depends on the instruction set takes a table of kernels as its first argument: the caller chooses one with
// `rk_best_kernels` or `rk_kernels_of`, and may use several at once.
//
// All matrices are row-major float32. Every output element is summed over k in one fixed order that depends on
// nothing: not on the tile, the number of rows, who computes it, or the instruction set. So results do not depend on
// batch mates, threads, the order of calls or the processor.

#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Output columns of one packed panel; head sizes are padded to a multiple of it.
#define RK_PANEL 16

typedef enum {
  RK_SCALAR = 0,
  RK_AVX2 = 1,
  RK_AVX512 = 2,
  RK_NEON = 3,
  // The same with dot products of 8-bit numbers.
  RK_AVX2_VNNI = 4,
  RK_AVX512_VNNI = 5,
  RK_NEON_DOT = 6,
  // And with products of bfloat16 numbers.
  RK_AVX512_BF16 = 7,
} rk_isa;

/// The kernels of one instruction set. Constant, valid for ever.
typedef struct rk_kernels rk_kernels;
/// Its products in bfloat16.
typedef struct rk_bfloat_kernels rk_bfloat_kernels;

/// The kernels of an instruction set, or NULL when this CPU or this build lacks it.
const rk_kernels *rk_kernels_of(rk_isa isa);
/// The best kernels that this CPU has; never NULL.
const rk_kernels *rk_best_kernels(void) __attribute__((returns_nonnull));
/// The name of an instruction set: "scalar", "avx2", "avxvnni", "avx512", "avx512vnni",
/// "avx512bf16", "neon" or "neondot".
const char *rk_name(rk_isa isa);

// ---- matrix products ---------------------------------------------------------------------------------------------

/// Floats that `rk_pack` writes for a [k, n] matrix: panels of RK_PANEL columns, [ceil(n / 16)][k][16], zero padded.
size_t rk_packed_count(size_t k, size_t n);
/// Packs the row-major matrix `weight` [k, n] with `ld` floats a row, times `scale`.
void rk_pack(const float *weight, size_t k, size_t n, size_t ld, float scale, float *packed);
/// Same from the transposed matrix [n, k].
void rk_pack_transposed(const float *weight, size_t k, size_t n, size_t ld, float scale, float *packed);

typedef enum {
  RK_IDENTITY = 0,
  RK_RELU = 1,
  RK_GELU = 2,       // erf form
  RK_GELU_TANH = 3,  // tanh form
  RK_TANH = 4,
  RK_SILU = 5,
  RK_SIGMOID = 6,
  RK_QUICK_GELU = 7, // x · sigmoid(1.702 x)
  RK_RELU_SQUARED = 8,
  // The last that a product computes while it stores; those below are for `rk_activate` only.
  RK_LAST_FUSED = RK_RELU_SQUARED,
  RK_LEAKY_RELU = 9,           // x / 5 below 0
  RK_ELU = 10,
  RK_SELU = 11,
  RK_SOFTPLUS = 12,         // ln(1 + eˣ)
  RK_SOFTSIGN = 13,         // x / (1 + |x|)
  RK_MISH = 14,             // x · tanh(softplus(x))
  RK_EXPONENTIAL = 15,
  RK_HARD_SIGMOID = 16,    // x / 6 + ½ within 0 and 1
  RK_HARD_SIGMOID_FIFTH = 17,// x / 5 + ½ within 0 and 1
  RK_HARD_SILU = 18,       // x · hard sigmoid(x)
  RK_RELU6 = 19,           // x within 0 and 6
  RK_LOG_SIGMOID = 20,
  RK_TANH_SHRINK = 21,     // x − tanh(x)
  RK_SQUAREPLUS = 22,      // (x + √(x² + 4)) / 2
  RK_UNIT_CLIP = 23,       // x within 0 and 1
  RK_STEP = 24,            // 1 above 0, else 0
  RK_SQUARE = 25,
  RK_SQUARE_ROOT = 26,
  RK_ABSOLUTE = 27,
  RK_RECIPROCAL = 28,
  RK_LOGARITHM = 29,
  RK_SINE = 30,
  RK_COSINE = 31,
} rk_activation;

/// out = activation(x · W + bias) + residual
typedef struct {
  const float *x;        // [rows, k], ldx floats a row
  size_t ldx;
  size_t rows, k, n;
  const float *packed;   // from rk_pack
  const float *bias;     // n floats padded with zeros to a multiple of 16, or NULL
  int activation;        // rk_activation
  const float *residual; // [rows, n], ldr floats a row, or NULL; may be `out` itself
  size_t ldr;
  float *out;            // row-major when head_size is 0: [rows, n], ldo floats a row
  size_t ldo;
  // Head-major store: column c of row r goes to out[(c / head_size) * head_stride + r * head_size + c % head_size].
  // head_size is a multiple of 16; residual must be NULL.
  size_t head_size, head_stride;
} rk_product;

/// Computes rows row_begin..<row_end and panels panel_begin..<panel_end (of 16 columns) of a product.
void rk_multiply(const rk_kernels *kernels, const rk_product *p, size_t row_begin, size_t row_end, size_t panel_begin,
                 size_t panel_end);

// ---- attention ---------------------------------------------------------------------------------------------------

typedef enum {
  RK_TERM_MAP = 0,       // a map kept earlier
  RK_TERM_IDENTITY = 1,  // the query's own position
  RK_TERM_PREVIOUS = 2,  // position - 1; the first position looks at itself
  RK_TERM_NEXT = 3,      // position + 1; the last position looks at itself (also under a causal mask: itself)
  RK_TERM_FIRST = 4,     // the first visible key
  RK_TERM_MEAN = 5,      // mean of the visible keys
} rk_term_kind;

typedef struct {
  int kind;              // rk_term_kind
  float weight;
  const float *map;      // [queries, ldmap] for RK_TERM_MAP
  size_t ldmap;
} rk_term;

/// One product A · V with a head's values.
typedef struct {
  const float *v;        // [keys, ldv], `width` columns used
  size_t ldv;
  size_t width;          // multiple of 16
  float *out;            // [queries, ldo]
  size_t ldo;
} rk_consumer;

/// Floats of scratch that `rk_attention` needs.
size_t rk_attention_scratch(size_t keys, size_t head_size);
/// Floats that products in bfloat16 need more, for so many consumers of so many columns.
size_t rk_rounded_scratch(size_t keys, size_t head_size, size_t width, size_t consumers);

/// One attention map of one sequence and everything that reads it at once.
typedef struct {
  size_t queries, keys;
  // Query i stands at key position position[i] when `position` is not NULL, else at i + keys - queries when causal and
  // at i when not. (Rows that only query may stand anywhere; static patterns need to know where.)
  const int32_t *position;
  // Computed map: softmax(q · kᵀ + bias); the scale is folded into q. NULL q: the map is the weighted sum of `terms`.
  const float *q; size_t ldq;      // [queries, head_size]
  const float *k; size_t ldk;      // [keys, head_size]
  size_t head_size;                // multiple of 16
  const float *packed_keys;        // keys as rk_store_key leaves them, read instead of k; NULL: k is packed in scratch
  const float *bias; size_t ldb;   // [queries, keys] added to the scores, or NULL
  const float *mask; size_t ldmask; // [queries, keys] added after everything else, or NULL
  float alibi_slope;               // slope · (key - query position) added to the scores; 0: none
  // Bias by distance, key position - query position, taken as -reach or reach beyond these; both tables point at
  // distance 0.
  const float *distances;          // added to the scores, or NULL
  // by_query[query][c] + by_key[key][c] is added to the scores, c = columns[distance]; NULL: none.
  const float *by_query; size_t ldby_query;
  const float *by_key; size_t ldby_key;
  const int32_t *columns;
  int64_t reach;
  // Where the rows stand for distances and windows, NULL: at their key positions; keys ascend, NULL: key j stands at j.
  const int32_t *query_positions;
  const int32_t *key_positions;
  float softcap;                   // scores become cap · tanh(score / cap), before ALiBi and bias; 0: none
  int hard;                        // computed map: each query looks at the key of its largest score alone
  int causal;                      // key position <= query position only
  // Query position - key position < window, and where nothing is causal key position - query position too; 0: no
  // bound. Positions are those below where they are given.
  size_t window;
  const rk_term *terms; size_t term_count;
  // Where the finished map (rows sum to 1 when computed) is kept, or NULL; hidden keys get 0.
  float *keep; size_t ldkeep;
  const rk_consumer *consumers; size_t consumer_count;   // may be 0 (map only)
  // Both products in bfloat16 (CBfloat.h): queries, keys, values and weights are rounded, pairs are of dimensions
  // and of
  // keys 2i and 2i + 1. NULL: in float32.
  const rk_bfloat_kernels *rounded;
  float *scratch;                  // 64-byte aligned, one per thread: rk_attention_scratch floats, and as many more as
                                   // rk_rounded_scratch says where products are in bfloat16
} rk_map;

/// Puts key number `index` (head_size floats) where the scores read it: panels of 16 keys, [panel][head_size][16].
/// Lanes of a panel without a key must hold numbers.
void rk_store_key(const float *key, size_t head_size, size_t index, float *packed);
/// Computes query rows query_begin..<query_end. A row without any visible key gives zeros.
void rk_attention(const rk_kernels *kernels, const rk_map *m, size_t query_begin, size_t query_end);

/// Additive scores of query rows query_begin..<query_end: out[i][j] = Σ weights · tanh(q[i] + k[j]) over `size`
/// columns, a multiple of 16.
void rk_additive_scores(const rk_kernels *kernels, const float *q, size_t ldq, const float *k, size_t ldk, size_t size,
                        const float *weights, size_t keys, size_t query_begin, size_t query_end, float *out,
                        size_t ldo);

// ---- small products ----------------------------------------------------------------------------------------------

/// Rows of windows times the matrices of groups: `x` holds `places` rows of groups · `depth` floats side by side,
/// `weight` [places · depth, groups · columns] what each group's columns of the result take of its part of each place.
void rk_grouped(const rk_kernels *kernels, const float *x, size_t places, size_t groups, size_t depth, size_t columns,
                const float *weight, const float *bias, float *out);
/// out = a · b, `b` [depth, columns], or [columns, depth] when it is transposed: for matrices that nobody has packed.
void rk_matrix_product(const rk_kernels *kernels, const float *a, size_t lda, size_t rows, size_t depth, const float *b,
                       size_t ldb, size_t columns, int is_transposed, float *out, size_t ldo);

// ---- rows --------------------------------------------------------------------------------------------------------

/// Layer norm (offset may be NULL): out = (x - mean) / sqrt(variance + epsilon) · scale + offset. In place allowed.
void rk_layer_norm(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float epsilon,
                   const float *scale, const float *offset, float *out, size_t ldo);
/// RMS norm: out = x / sqrt(mean(x²) + epsilon) · (scale + scale_offset). In place allowed.
/// RMS norm, in place, of rows whose columns lie in several heads: head h of row r starts at
/// x[h · head_stride + r · ldx] and has `width` columns. `scale`: heads · width.
void rk_joint_rms_norm(float *x, size_t head_stride, size_t heads, size_t ldx, size_t rows, size_t width, float epsilon,
                       const float *scale);
void rk_rms_norm(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float epsilon,
                 const float *scale, float scale_offset, float *out, size_t ldo);
/// out = activation(x), elementwise over `count` floats. In place allowed.
void rk_activate(const rk_kernels *kernels, const float *x, size_t count, int activation, float *out);
/// Rows of length 1: out = x / sqrt(max(sum of x², epsilon)). In place allowed.
void rk_unit_norm(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float epsilon,
                  float *out, size_t ldo);
/// out = a + b.
void rk_add(const rk_kernels *kernels, const float *a, const float *b, size_t count, float *out);
/// out = a · b.
void rk_multiply_elements(const rk_kernels *kernels, const float *a, const float *b, size_t count, float *out);
/// out = the smaller, or the larger, of a and b; what is not a number stays. In place allowed.
void rk_extreme(const rk_kernels *kernels, const float *a, const float *b, size_t count, int is_maximum, float *out);
/// Rows of a lookup table: out[i] (+)= table[index[i]] · scale. The caller has checked the indices.
void rk_gather(const rk_kernels *kernels, const float *table, size_t width, const int32_t *index, size_t rows,
               float scale, int accumulate, float *out, size_t ldo);
/// Turns `pairs` pairs of columns by angles: a · cos - b · sin, b · cos + a · sin. A pair is columns 2i and 2i + 1 when
/// interleaved, else i and i + pairs. `angles`: `pairs` cosines, then as many sines.
void rk_rotate(const rk_kernels *kernels, float *x, size_t pairs, int interleaved, const float *angles);
/// Mean of `rows` rows, summed in row order.
void rk_mean_rows(const rk_kernels *kernels, const float *x, size_t ldx, size_t rows, size_t width, float *out);
/// Divides by the Euclidean norm (a zero vector stays).
void rk_normalize(const rk_kernels *kernels, float *x, size_t width);

#include "CBfloat.h"
#include "CCompact.h"
#include "CQuantized.h"
#include "CTokens.h"

#ifdef __cplusplus
}
#endif

#include "CKernelSets.h"

#endif
