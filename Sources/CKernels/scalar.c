// For any CPU: what the compiler makes of the algorithms without being told of an instruction set. Without a fused
// multiply-add its bits are computed step by step: slow, and the same as everywhere.

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_FUSED 0
#define RK_TILE_ROWS 2
#define RK_TILE_SHAPES(X) X(1, 1) X(2, 1)
#define RK_PANELS_FOR_HEIGHT(h) ((void)(h), (size_t)1)
#define RK_PRODUCT_ROWS RK_TILE_ROWS
#define RK_TABLE rk_kernels_scalar
#define RK_TABLE_ISA RK_SCALAR
#define RK_TABLE_QUANTIZED rk_quantized_scalar
#define RK_TABLE_BFLOAT rk_bfloat_scalar
#include "kernels.inc.h"
