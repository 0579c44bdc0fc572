// Processes that run codecs: how they are started, and what they may still ask of the kernel.
#pragma once
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// <spawn.h> declares it for programs in the GNU dialect only.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

/// Makes memory that has a descriptor (close-on-exec), and that can never shrink: who has mapped it may touch all of it.
static inline int cassette_memory_create(const char *name) {
    // MFD_CLOEXEC | MFD_ALLOW_SEALING; F_ADD_SEALS: F_SEAL_SHRINK | F_SEAL_SEAL.
    int descriptor = (int)syscall(SYS_memfd_create, name, 3u);
    if (descriptor >= 0 && syscall(SYS_fcntl, descriptor, 1033, 3) != 0) {
        int number = errno;
        close(descriptor);
        errno = number;
        return -1;
    }
    return descriptor;
}

/// Starts a program that has two descriptors besides /dev/null as 0, 1 and 2: `control` as 3 and `memory` as 4.
///
/// Both must be above 4. Its environment is `variable` (`NAME=value`) or, without one, empty, no signal is blocked or ignored, and it is in a process group of its
/// own, so that Ctrl-C reaches us alone. Returns 0 or a number of errno.
static inline int cassette_spawn_worker(
    pid_t *child, const char *path, const char *name, const char *command, const char *argument, const char *variable,
    int control, int memory
) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure) {
        posix_spawn_file_actions_destroy(&actions);
        return failure;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if (!failure) failure = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    if (!failure) failure = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, control, 3);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, memory, 4);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, 5);
    if (!failure) failure = posix_spawnattr_setsigmask(&attributes, &none);
    if (!failure) failure = posix_spawnattr_setsigdefault(&attributes, &all);
    if (!failure) failure = posix_spawnattr_setpgroup(&attributes, 0);
    if (!failure) failure = posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    if (!failure) {
        char *const arguments[] = {(char *)name, (char *)command, (char *)argument, NULL};
        char *const environment[] = {(char *)variable, NULL};
        failure = posix_spawn(child, path, &actions, &attributes, arguments, environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

/// No new privileges, no traces by others, and the end together with the thread that started us.
static inline int cassette_worker_detach(void) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

#if defined(__x86_64__)
#define CASSETTE_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CASSETTE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#endif

/// Leaves this process, for ever, the system calls that computing needs: memory, time, the descriptors it has, its end.
///
/// What libraries merely try (files, terminals) is refused with EACCES; anything else, and memory that can be executed,
/// kills the process. Returns 0, or -1 when the kernel or the processor has no such filter.
static inline int cassette_worker_seal(void) {
#ifdef CASSETTE_AUDIT_ARCH
#define CASSETTE_LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define CASSETTE_RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define CASSETTE_ON(name, action) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), CASSETTE_RETURN(action)
#define CASSETTE_ALLOW(name) CASSETTE_ON(name, SECCOMP_RET_ALLOW)
#define CASSETTE_REFUSE(name) CASSETTE_ON(name, SECCOMP_RET_ERRNO | (EACCES & SECCOMP_RET_DATA))
// The third argument of both is the protection; its lower half comes first on both architectures.
#define CASSETTE_ALLOW_WITHOUT_EXECUTION(name) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), CASSETTE_LOAD(args[2]), \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1), CASSETTE_RETURN(SECCOMP_RET_KILL_PROCESS), \
        CASSETTE_RETURN(SECCOMP_RET_ALLOW)
    struct sock_filter filter[] = {
        CASSETTE_LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CASSETTE_AUDIT_ARCH, 1, 0),
        CASSETTE_RETURN(SECCOMP_RET_KILL_PROCESS),
        CASSETTE_LOAD(nr),
        CASSETTE_ALLOW(read),
        CASSETTE_ALLOW(write),
        CASSETTE_ALLOW(writev),
        CASSETTE_ALLOW(futex),
        CASSETTE_ALLOW(madvise),
        CASSETTE_ALLOW(munmap),
        CASSETTE_ALLOW(mremap),
        CASSETTE_ALLOW(brk),
        CASSETTE_ALLOW_WITHOUT_EXECUTION(mmap),
        CASSETTE_ALLOW_WITHOUT_EXECUTION(mprotect),
        CASSETTE_ALLOW(clock_gettime),
        CASSETTE_ALLOW(clock_getres),
        CASSETTE_ALLOW(gettimeofday),
        CASSETTE_ALLOW(getrandom),
        CASSETTE_ALLOW(getrusage),
        CASSETTE_ALLOW(getpid),
        CASSETTE_ALLOW(gettid),
        CASSETTE_ALLOW(sysinfo),
        CASSETTE_ALLOW(sched_yield),
        CASSETTE_ALLOW(sched_getaffinity),
        CASSETTE_ALLOW(rt_sigaction),
        CASSETTE_ALLOW(rt_sigprocmask),
        CASSETTE_ALLOW(rt_sigreturn),
        CASSETTE_ALLOW(sigaltstack),
        CASSETTE_ALLOW(restart_syscall),
        CASSETTE_ALLOW(fstat),
        CASSETTE_ALLOW(close),
        CASSETTE_ALLOW(exit),
        CASSETTE_ALLOW(exit_group),
        CASSETTE_REFUSE(openat),
        CASSETTE_REFUSE(newfstatat),
        CASSETTE_REFUSE(faccessat),
        CASSETTE_REFUSE(readlinkat),
        CASSETTE_REFUSE(ioctl),
#ifdef __x86_64__
        CASSETTE_REFUSE(open),
        CASSETTE_REFUSE(access),
        CASSETTE_REFUSE(readlink),
        CASSETTE_ALLOW(time),
#endif
        CASSETTE_RETURN(SECCOMP_RET_KILL_PROCESS),
    };
#undef CASSETTE_LOAD
#undef CASSETTE_RETURN
#undef CASSETTE_ON
#undef CASSETTE_ALLOW
#undef CASSETTE_REFUSE
#undef CASSETTE_ALLOW_WITHOUT_EXECUTION
    struct sock_fprog program = {.len = (unsigned short)(sizeof filter / sizeof filter[0]), .filter = filter};
    // All threads of the process, in case that the runtime has started one.
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0 ? 0 : -1;
#else
    return -1;
#endif
}
