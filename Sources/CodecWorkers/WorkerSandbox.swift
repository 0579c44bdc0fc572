import CLinux
import Glibc

/// What a worker gives up before it sees the first byte of a frame.
enum WorkerSandbox {
    /// Descriptors that a worker may have: the three standard ones, its socket, its memory.
    private static let descriptorCount: rlim_t = 5

    /// Limits memory, files and processes, and ends this process together with its parent.
    static func confine(memoryLimit: rlim_t) {
        // What fails here is refused by the filter as well, or is a matter of courtesy.
        preferForOutOfMemory()
        _ = cassette_worker_detach()
        limit(RLIMIT_CORE, to: 0)
        limit(RLIMIT_FSIZE, to: 0)
        limit(__RLIMIT_NPROC, to: 0)
        limit(RLIMIT_NOFILE, to: descriptorCount)
        limit(RLIMIT_AS, to: memoryLimit)
        // A codec that computes for long leaves the doors their share of the processor.
        _ = nice(5)
    }

    /// Lets memory that is given back stay in this process: the next frame finds its pages in place.
    ///
    /// A process that has taken much is replaced, so that the memory of one large frame is not kept for ever.
    static func keepMemory() {
        // When it fails, frames take a little longer. The first is the most that the C library takes.
        _ = mallopt(M_MMAP_THRESHOLD, 32 << 20)
        _ = mallopt(M_TRIM_THRESHOLD, 256 << 20)
        _ = mallopt(M_TOP_PAD, 1 << 20)
    }

    /// Leaves this process the system calls that computing needs; `false` when the kernel cannot.
    static func seal() -> Bool { cassette_worker_seal() == 0 }

    private static func limit(_ resource: __rlimit_resource, to value: rlim_t) {
        var limit = rlimit(rlim_cur: value, rlim_max: value)
        // The structure lives for the call, which only reads it.
        _ = unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }

    /// When the machine runs out of memory, a frame is given up before the archive is.
    private static func preferForOutOfMemory() {
        // The path is a literal that lives for the call.
        let descriptor = unsafe open("/proc/self/oom_score_adj", O_WRONLY)
        guard descriptor >= 0 else { return }
        // As above.
        _ = unsafe write(descriptor, "500", 3)
        close(descriptor)
    }
}
