// The algorithms, once. An instruction set's file includes this under its target attribute, with
//   RK_FUSED                  1 where multiply-add is one instruction
//   RK_TILE_ROWS              rows of the tallest tile
//   RK_TILE_SHAPES(X)         the tiles (rows, panels) that fit into its registers
//   RK_PANELS_FOR_HEIGHT(h)   panels of the widest tile with h rows
//   RK_PRODUCT_ROWS           rows of the best tile where there are many panels
//   RK_TABLE, RK_TABLE_ISA    name and instruction set of the table to define
//   RK_TABLE_QUANTIZED, RK_TABLE_BFLOAT   its products of 8-bit rows and of bfloat16 numbers

#include "vector.inc.h"

#include "activation.inc.h"
#include "registers.inc.h"
#include "store.inc.h"
#include "tile.inc.h"
#include "transpose.inc.h"

#include "attention.inc.h"
#include "multiply.inc.h"
#include "compact.inc.h"
#include "rows.inc.h"
#include "small.inc.h"

/// A table; sets that differ only in products of fewer bits share all other kernels.
#define RK_DEFINE_TABLE(table, set, bytes, bfloats)     \
  const rk_kernels table = {                            \
      .isa = set,                                       \
      .quantized = &bytes,                              \
      .bfloat = &bfloats,                               \
      .multiply = multiply,                             \
      .multiply_compact = multiply_compact,             \
      .attention = attention,                           \
      .layer_norm = layer_norm,                         \
      .rms_norm = rms_norm,                             \
      .activate = activate,                             \
      .add = add,                                       \
      .multiply_elements = multiply_elements,           \
      .gather = gather,                                 \
      .gather_compact = gather_compact,                 \
      .rotate = rotate,                                 \
      .mean_rows = mean_rows,                           \
      .normalize = normalize,                           \
      .unit_norm = unit_norm,                           \
      .extreme = extreme,                               \
      .additive_scores = additive_scores,               \
      .grouped = grouped,                               \
      .matrix_product = matrix_product,                 \
  };

RK_DEFINE_TABLE(RK_TABLE, RK_TABLE_ISA, RK_TABLE_QUANTIZED, RK_TABLE_BFLOAT)
