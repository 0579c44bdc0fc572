import NIOPosix
public import Platform

/// The pool that tests run blocking work on.
public enum TestPool {
    /// The threads that NIO keeps for the whole process.
    public static let shared = WorkPool(threads: .singleton)
}
