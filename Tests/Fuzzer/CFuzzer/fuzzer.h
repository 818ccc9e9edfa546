#include <stddef.h>
#include <stdint.h>

// libFuzzer's entry point for programs with a `main` of their own (compiler-rt, fuzzer/FuzzerInterface.h).
int LLVMFuzzerRunDriver(int *count, char ***arguments, int (*run)(const uint8_t *bytes, size_t size));
