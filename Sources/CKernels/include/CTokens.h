// Tokens of a sequence that are most alike, and what becomes of their rows. Part of CKernels.h.

#ifndef CTOKENS_H
#define CTOKENS_H

/// Floats of scratch that `rk_match_tokens` and `rk_merge_rows` need for a sequence of `rows` rows.
size_t rk_match_scratch(size_t rows, size_t head_size);

/// Which rows are merged. `keys`: `heads` heads, `head_stride` floats apart, each [rows, head_size]; head_size is a
/// multiple of 16. Rows first, first + 2, … before `last` are one side, those between the other; each row of the first
/// is matched with the row of the other whose sum over heads has the largest cosine with its own (the earliest of
/// several), and the `count` matches with the largest cosines (the earliest of several) are taken; `count` is at most
/// the number of rows of the first side, and 0 where the other has none. target[i · ldt]: number of the row that row i
/// becomes; rows keep their order. A cosine that is no number is the smallest.
void rk_match_tokens(const rk_kernels *kernels, const float *keys, size_t head_stride, size_t heads, size_t head_size,
                     size_t rows, size_t first, size_t last, size_t count, float *scratch, float *target, size_t ldt);

/// Means of rows that become one, weighted by sizes[i · lds] (NULL: all alike), summed in row order: `x` [rows, width]
/// to `out` [merged, width]. A row that nothing is merged with stays as it is, to the bit.
void rk_merge_rows(const float *x, size_t ldx, size_t rows, size_t width, const float *target, size_t ldt,
                   const float *sizes, size_t lds, size_t merged, float *scratch, float *out, size_t ldo);

/// Sums of the sizes of rows that become one (NULL: each is 1).
void rk_merge_sizes(const float *target, size_t ldt, const float *sizes, size_t lds, size_t rows, size_t merged,
                    float *out, size_t ldo);

/// The logarithms of `count` sizes.
void rk_log_sizes(const float *sizes, size_t lds, size_t count, float *out);

#endif
