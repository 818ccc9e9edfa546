// Makes one kind of system call fail: loaded before the C library (LD_PRELOAD) by scripts/inject-faults.
//
//   FAULT_CALL    open, read, write, …: the kind; without it calls are counted only
//   FAULT_AT      which of them fails, counted from 1
//   FAULT_ERRNO   with which error number
//   FAULT_ALWAYS  set: every one from there on
//   FAULT_COUNTS  a file that is given "NAME COUNT" lines at exit
//
// Calls that the C library makes of itself are not seen, nor those of a child, whose environment is another.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { OPEN, READ, WRITE, FSYNC, RENAME, MMAP, PIPE, POLL, SPAWN, THREAD, READLINK, TRUNCATE, CLOSE, KINDS };
static const char *const names[KINDS] = {"open", "read", "write", "fsync", "rename", "mmap", "pipe", "poll",
                                         "posix_spawn", "pthread_create", "readlink", "ftruncate", "close"};
static atomic_int counts[KINDS];
static int wanted = -1, at, code, always;
static const char *report;

__attribute__((constructor)) static void start(void) {
    const char *call = getenv("FAULT_CALL");
    for (int kind = 0; call != NULL && kind < KINDS; kind++)
        if (strcmp(names[kind], call) == 0)
            wanted = kind;
    at = getenv("FAULT_AT") ? atoi(getenv("FAULT_AT")) : 0;
    code = getenv("FAULT_ERRNO") ? atoi(getenv("FAULT_ERRNO")) : EIO;
    always = getenv("FAULT_ALWAYS") != NULL;
    report = getenv("FAULT_COUNTS");
}

__attribute__((destructor)) static void finish(void) {
    if (report == NULL)
        return;
    int file = (int)syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (int kind = 0; kind < KINDS; kind++)
        dprintf(file, "%s %d\n", names[kind], atomic_load(&counts[kind]));
    syscall(SYS_close, file);
}

// Whether this call is one that fails; sets errno then.
static int fails(enum kind kind) {
    int number = atomic_fetch_add(&counts[kind], 1) + 1;
    if ((int)kind != wanted || number < at || (number > at && !always))
        return 0;
    errno = code;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPENING(name)                                                                                                  \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0;                                        \
        va_end(list);                                                                                                  \
        return fails(OPEN) ? -1 : NEXT(name)(path, flags, mode);                                                       \
    }
OPENING(open)
OPENING(open64)

ssize_t read(int file, void *bytes, size_t count) { return fails(READ) ? -1 : NEXT(read)(file, bytes, count); }
ssize_t pread64(int file, void *bytes, size_t count, off64_t offset) {
    return fails(READ) ? -1 : NEXT(pread64)(file, bytes, count, offset);
}
ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    return fails(READ) ? -1 : NEXT(pread)(file, bytes, count, offset);
}
ssize_t write(int file, const void *bytes, size_t count) {
    return fails(WRITE) ? -1 : NEXT(write)(file, bytes, count);
}
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return fails(WRITE) ? -1 : NEXT(pwrite64)(file, bytes, count, offset);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return fails(WRITE) ? -1 : NEXT(pwrite)(file, bytes, count, offset);
}
int fsync(int file) { return fails(FSYNC) ? -1 : NEXT(fsync)(file); }
int ftruncate64(int file, off64_t size) { return fails(TRUNCATE) ? -1 : NEXT(ftruncate64)(file, size); }
int ftruncate(int file, off_t size) { return fails(TRUNCATE) ? -1 : NEXT(ftruncate)(file, size); }
int rename(const char *from, const char *to) { return fails(RENAME) ? -1 : NEXT(rename)(from, to); }
int renameat2(int old, const char *from, int new, const char *to, unsigned flags) {
    return fails(RENAME) ? -1 : NEXT(renameat2)(old, from, new, to, flags);
}
int link(const char *from, const char *to) { return fails(RENAME) ? -1 : NEXT(link)(from, to); }
void *mmap(void *address, size_t count, int protection, int flags, int file, off_t offset) {
    return fails(MMAP) ? MAP_FAILED : NEXT(mmap)(address, count, protection, flags, file, offset);
}
void *mmap64(void *address, size_t count, int protection, int flags, int file, off64_t offset) {
    return fails(MMAP) ? MAP_FAILED : NEXT(mmap64)(address, count, protection, flags, file, offset);
}
int pipe(int ends[2]) { return fails(PIPE) ? -1 : NEXT(pipe)(ends); }
int pipe2(int ends[2], int flags) { return fails(PIPE) ? -1 : NEXT(pipe2)(ends, flags); }
int poll(struct pollfd *files, nfds_t count, int wait) { return fails(POLL) ? -1 : NEXT(poll)(files, count, wait); }
ssize_t readlink(const char *path, char *text, size_t count) {
    return fails(READLINK) ? -1 : NEXT(readlink)(path, text, count);
}
// The descriptor is closed all the same, as Linux does it.
int close(int file) {
    if (!fails(CLOSE))
        return NEXT(close)(file);
    NEXT(close)(file);
    errno = code;
    return -1;
}
// These two give the number instead of setting errno.
int posix_spawn(pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    return fails(SPAWN) ? code : NEXT(posix_spawn)(process, path, actions, attributes, arguments, environment);
}
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    return fails(THREAD) ? code : NEXT(pthread_create)(thread, attributes, body, argument);
}
