// Places the bytes of a file between two labels of the assembler: nothing is parsed, whatever the file's size.
#ifndef RK_EMBED_H
#define RK_EMBED_H

#include "include/resources.h"

#define RK_TEXT(x) #x
#define RK_STRING(x) RK_TEXT(x)
// What the platform puts before a C name: an underscore or nothing.
#define RK_LABEL(symbol) RK_STRING(__USER_LABEL_PREFIX__) #symbol

#ifdef __APPLE__
#define RK_READ_ONLY ".section __TEXT,__const\n"
#define RK_BACK ".text\n"
#else
#define RK_READ_ONLY ".pushsection .rodata\n"
#define RK_BACK ".popsection\n"
#endif

// The path is looked for along the header search path (Package.swift).
#define RK_EMBED(symbol, path)                                                          \
    __asm__(RK_READ_ONLY ".balign 16\n"                                                 \
            ".globl " RK_LABEL(symbol) "\n" RK_LABEL(symbol) ":\n"                      \
            ".incbin \"" path "\"\n"                                                    \
            ".globl " RK_LABEL(symbol##_end) "\n" RK_LABEL(symbol##_end) ":\n"          \
            ".byte 0\n" RK_BACK);                                                       \
    extern const unsigned char symbol[], symbol##_end[];

#endif
