#define _GNU_SOURCE
#include "CH5Index.h"

#include <sys/resource.h>
#include <sys/time.h>

#if defined(__linux__)
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

void h5i_close_from(int first) {
#if defined(SYS_close_range)
    syscall(SYS_close_range, (unsigned)first, ~0U, 0U);
#else
    (void)first;
#endif
}

static int cap(int resource, uint64_t value) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0)
        return -1;
    rlim_t wanted = (rlim_t)value;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted)
        wanted = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = wanted;
    return setrlimit(resource, &limit);
}

int h5i_limit(uint64_t memory_bytes, uint64_t cpu_milliseconds, uint64_t output_bytes) {
    // The timer has fine grain but can be unset by the process itself; the limit is coarse and cannot.
    struct itimerval timer = {{0, 0}, {0, 0}};
    timer.it_value.tv_sec = (time_t)(cpu_milliseconds / 1000);
    timer.it_value.tv_usec = (suseconds_t)(cpu_milliseconds % 1000 * 1000);
    int status = setitimer(ITIMER_PROF, &timer, NULL);
    status |= cap(RLIMIT_CPU, cpu_milliseconds / 1000 + 1);
    status |= cap(RLIMIT_CORE, 0);
    status |= cap(RLIMIT_FSIZE, output_bytes);
    // Nothing more can be opened: no file, no socket. Without a filter of system calls, this confines the process.
    status |= cap(RLIMIT_NOFILE, 0);
#if defined(__linux__)
#if defined(SANITIZED)
    // A sanitizer keeps terabytes of addresses for itself, before main and after.
    (void)memory_bytes;
#else
    status |= cap(RLIMIT_AS, memory_bytes);
#endif
    status |= cap(RLIMIT_NPROC, 0);
#else
    // Address space is no measure of memory on Darwin, and its process limit counts the user's other processes.
    (void)memory_bytes;
#endif
    return status == 0 ? 0 : -1;
}

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW(number) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int h5i_confine(void) {
    static const struct sock_filter rules[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(SYS_pread64),
        ALLOW(SYS_read),
        ALLOW(SYS_lseek),
        ALLOW(SYS_write),
        ALLOW(SYS_writev),
        ALLOW(SYS_close),
        ALLOW(SYS_fstat),
        ALLOW(SYS_brk),
        ALLOW(SYS_munmap),
        ALLOW(SYS_mremap),
        ALLOW(SYS_madvise),
        ALLOW(SYS_futex),
        ALLOW(SYS_getrandom),
        ALLOW(SYS_clock_gettime),
        ALLOW(SYS_gettimeofday),
        ALLOW(SYS_getpid),
        ALLOW(SYS_gettid),
        ALLOW(SYS_tgkill),
        ALLOW(SYS_rt_sigaction),
        ALLOW(SYS_rt_sigprocmask),
        ALLOW(SYS_rt_sigreturn),
        ALLOW(SYS_exit),
        ALLOW(SYS_exit_group),
        // New memory may not be executable.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 4),
        LOAD(args[2]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA)),
    };
    static const struct sock_fprog program = {sizeof rules / sizeof rules[0], (struct sock_filter *)rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -1 : 0;
}

#else

int h5i_confine(void) { return 0; }

#endif
