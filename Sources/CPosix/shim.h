#ifndef TRANCHE_CPOSIX_SHIM_H
#define TRANCHE_CPOSIX_SHIM_H

#include <dlfcn.h>
#include <malloc.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <iconv.h>
#include <linux/stat.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

// These stand behind _GNU_SOURCE, which would change structures that other modules declare too.
#ifndef F_OFD_SETLK
#define F_OFD_SETLK 37
#endif
extern int pipe2(int files[2], int flags);

// Tries to lock (or unlocks) the first byte of a file for this open file description. fcntl is
// variadic, which Swift cannot call with a struct. 0 when done, else errno.
static inline int tranche_lock_file(int file, int wants_lock) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = wants_lock ? F_WRLCK : F_UNLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    return fcntl(file, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

// The C library's modules leave out what is in sys/xattr.h. The size of an attribute of a file, which is read where
// there is room for it; below 0 where there is none.
static inline long tranche_attribute(const char *path, const char *name, void *value, size_t size) {
    return getxattr(path, name, value, size);
}

// 0 when done.
static inline int tranche_set_attribute(const char *path, const char *name, const void *value, size_t size) {
    return setxattr(path, name, value, size, 0);
}

// open is variadic.
static inline int tranche_open(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_CLOEXEC, mode);
}

// statx stands behind _GNU_SOURCE. When a file was made, in nanoseconds since 1970; 0 where the file system does
// not know. With a path of "" the open file is meant, else the file at the path.
static inline long long tranche_birth_time(int file, const char *path) {
    struct statx state;
    memset(&state, 0, sizeof state);
    int flags = path[0] == 0 ? 0x1000 /* AT_EMPTY_PATH */ : 0;
    int folder = path[0] == 0 ? file : -100 /* AT_FDCWD */;
    if (syscall(SYS_statx, folder, path, flags, STATX_BTIME, &state) != 0) return 0;
    if (!(state.stx_mask & STATX_BTIME)) return 0;
    return state.stx_btime.tv_sec * 1000000000LL + state.stx_btime.tv_nsec;
}

// renameat2 stands behind _GNU_SOURCE. Renames a file, and replaces none; where the file system
// cannot do that at once, by another link to it. 0 when done, else errno.
static inline int tranche_rename_new(const char *from, const char *to) {
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 1u /* RENAME_NOREPLACE */) == 0) return 0;
    if (errno != ENOSYS && errno != EINVAL) return errno;
    if (link(from, to) != 0) return errno;
    return unlink(from) == 0 ? 0 : errno;
}

// Whether the kernel tells of what is changed in a folder: 1, and 0 on file systems that other
// machines or programs change behind its back. The numbers are those of statfs(2).
static inline int tranche_tells_changes(const char *folder) {
    struct statfs state;
    if (statfs(folder, &state) != 0) return 1;
    switch ((unsigned long)state.f_type & 0xFFFFFFFFul) {
        case 0x6969ul: /* NFS */
        case 0x517Bul: /* SMB */
        case 0xFE534D42ul: /* SMB2 */
        case 0xFF534D42ul: /* CIFS */
        case 0x65735546ul: /* FUSE */
        case 0x01021997ul: /* 9P */
        case 0x5346414Ful: /* AFS */
        case 0x6B414653ul: /* AFS */
        case 0x00C36400ul: /* Ceph */
        case 0x0BD00BD0ul: /* Lustre */
        case 0x47504653ul: /* GPFS */
        case 0x73757245ul: /* Coda */
        case 0x7461636Ful: /* OCFS2 */
        case 0x01161970ul: /* GFS2 */
        case 0x786F4256ul: /* VirtualBox */
            return 0;
        default: return 1;
    }
}

// getopt keeps its state in global variables, which Swift does not let through.
static inline int tranche_getopt(int argc, char *const *argv, const char *short_options,
                                 const struct option *long_options, int *long_index) {
    opterr = 0;
    return getopt_long(argc, argv, short_options, long_options, long_index);
}

static inline void tranche_getopt_reset(void) { optind = 0; }
static inline int tranche_getopt_index(void) { return optind; }
static inline const char *tranche_getopt_argument(void) { return optarg; }
static inline int tranche_getopt_option(void) { return optopt; }

// struct sigaction has a union that Swift names differently from system to system.
static inline int tranche_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// The pipe into which signals are written; the handler and who sets it are used from one file of Swift alone, so
// that there is one of it.
static inline volatile int *tranche_signal_pipe(void) {
    static volatile int pipe = -1;
    return &pipe;
}

// Only async-signal-safe calls.
static void tranche_note_signal(int number) {
    int error = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(*tranche_signal_pipe(), &byte, 1);
    (void)ignored;
    errno = error;
}

// Has a signal written into a pipe instead of what it did: at once, so that none is lost meanwhile. 0 when done.
static inline int tranche_catch_signal(int number, int pipe) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    *tranche_signal_pipe() = pipe;
    action.sa_handler = tranche_note_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

// Only async-signal-safe calls.
static void tranche_end_interrupted(int number) {
    static const char words[] = "tranche: interrupted\n";
    ssize_t ignored = write(2, words, sizeof words - 1);
    (void)ignored;
    (void)number;
    _exit(130);
}

// Has a signal end the process with status 130 and a word, also the first process of a container, for which the system
// drops what is not caught. 0 when done.
static inline int tranche_end_at_signal(int number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = tranche_end_interrupted;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

// Blocks all signals of this thread; what they were before is kept.
static inline void tranche_block_signals(sigset_t *before) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

// Undoes that; errno stays.
static inline void tranche_unblock_signals(const sigset_t *before) {
    int error = errno;
    pthread_sigmask(SIG_SETMASK, before, NULL);
    errno = error;
}

// Has every signal do what it does by default that runs a function in this process, and ignores the others still.
static inline void tranche_forget_handlers(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN) continue;
        if (action.sa_handler != SIG_DFL) signal(number, SIG_DFL);
    }
}

// Starts a program in a session, and so a process group, of its own with pipes as its standard input, output and error.
// It has no terminal: what asks a person there fails, and says why, rather than being stopped for ever.
// Swift may not fork; between vfork and exec only async-signal-safe functions are called. The child has no copy of
// this process's memory, which would take longer than all else, but borrows it until exec, while this thread waits:
// no handler may run in it, so signals are blocked until there is none.
// Returns the process, or -1 with errno set; exec's own failure arrives through a pipe that exec closes.
// The child tells the guard of itself: it has the guard's pipe open until exec, so that the guard has heard of it
// before the pipe ends, whenever this process dies; -1 for none.
static inline pid_t tranche_spawn(const char *path, char *const *argv, char *const *envp, int input,
                                  int output, int errors, int hears_hangup, int guard) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -1;
    sigset_t before;
    tranche_block_signals(&before);
    pid_t child = vfork();
    if (child == 0) {
        setsid();
        pid_t group = getpid();
        // While SIGPIPE is ignored: without its guard a child loses that protection only.
        ssize_t ignored = write(guard, &group, sizeof group);
        tranche_forget_handlers();
        signal(SIGPIPE, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        if (hears_hangup) signal(SIGHUP, SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (dup2(input, 0) >= 0 && dup2(output, 1) >= 0 && dup2(errors, 2) >= 0)
            execve(path, argv, envp);
        int error = errno;
        ignored = write(report[1], &error, sizeof error);
        signal(SIGPIPE, SIG_IGN);
        group = -group;
        ignored = write(guard, &group, sizeof group);
        (void)ignored;
        _exit(127);
    }
    tranche_unblock_signals(&before);
    int error = errno;
    close(report[1]);
    if (child > 0) {
        int exec_error = 0;
        ssize_t count;
        do count = read(report[0], &exec_error, sizeof exec_error); while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof exec_error) {
            waitpid(child, NULL, 0);
            child = -1;
            error = exec_error;
        }
    }
    close(report[0]);
    errno = error;
    return child;
}

// The number of a child that has ended and was not waited for yet; 0 for none. siginfo_t has a union that Swift names
// differently from system to system.
static inline pid_t tranche_ended_child(void) {
    siginfo_t information;
    memset(&information, 0, sizeof information);
    int code;
    do code = waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT); while (code != 0 && errno == EINTR);
    return code == 0 ? information.si_pid : 0;
}

// Starts the guard: a process that reads process groups from a pipe and, when the pipe closes since
// this process has died however suddenly, kills those that are left. A positive number adds a
// group, a negative one removes it. Returns the pipe's end to write to, or -1 with errno set.
static inline int tranche_start_guard(void) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0) return -1;
    // With all signals blocked, so that none finds the child before it has said what is to become of them.
    sigset_t before;
    tranche_block_signals(&before);
    pid_t guard = fork();
    if (guard != 0) tranche_unblock_signals(&before);
    if (guard < 0) {
        int error = errno;
        close(pipes[0]);
        close(pipes[1]);
        errno = error;
        return -1;
    }
    if (guard > 0) {
        close(pipes[0]);
        return pipes[1];
    }
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // Nothing of the parent's may be kept open by the guard.
    int source = dup2(pipes[0], 0);
    for (int file = 1; file < 1024; file++) close(file);
    pid_t groups[1024];
    int count = 0;
    pid_t message;
    ssize_t size;
    for (;;) {
        size = read(source, &message, sizeof message);
        if (size < 0 && errno == EINTR) continue;
        if (size != (ssize_t)sizeof message) break;
        if (message > 0 && count < 1024) groups[count++] = message;
        for (int index = 0; message < 0 && index < count; index++) {
            if (groups[index] == -message) groups[index] = groups[--count];
        }
    }
    for (int index = 0; index < count; index++) kill(-groups[index], SIGKILL);
    _exit(0);
}

// Memory that was freed is kept by as many arenas as threads asked at once; a program of few cores needs few.
static inline void tranche_keep_few_arenas(void) { mallopt(M_ARENA_MAX, 3); }

#endif
