// NEON: thirty-two registers of four floats, a panel is four of them. Every 64-bit Arm has it.

#if defined(__aarch64__)

#include "kernels.h"

#include <math.h>
#include <string.h>

#define RK_FUSED 1
#define RK_TILE_ROWS 6
#define RK_TILE_SHAPES(X) X(1, 1) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(1, 2) X(2, 2)
#define RK_PANELS_FOR_HEIGHT(h) ((h) > 2 ? 1 : 2)
#define RK_PRODUCT_ROWS RK_TILE_ROWS
#define RK_TABLE rk_kernels_neon
#define RK_TABLE_ISA RK_NEON
#define RK_TABLE_QUANTIZED rk_quantized_neon
#define RK_TABLE_BFLOAT rk_bfloat_neon
#include "kernels.inc.h"

RK_DEFINE_TABLE(rk_kernels_neondot, RK_NEON_DOT, rk_quantized_neondot, rk_bfloat_neon)

#endif
