import NIOPosix
import Platform
import Synchronization

/// The threads of each folder that is a store: a volume that hangs holds up those who want something of it, and nobody else.
///
/// They are never taken down: a system call that does not return would keep the program from its end.
final class FolderThreads: Sendable {
    static let shared = FolderThreads()

    /// Four reads or writes of a folder at a time.
    private static let count = 4

    private let pools = Mutex<[String: NIOThreadPool]>([:])

    /// The threads of a folder, the same ones at each call.
    func pool(of path: String) -> WorkPool {
        let threads = pools.withLock { pools in
            if let threads = pools[path] { return threads }
            let threads = NIOThreadPool(numberOfThreads: Self.count)
            threads.start()
            pools[path] = threads
            return threads
        }
        return WorkPool(threads: threads)
    }
}
