#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Repeats a system call while a signal interrupts it; any other negative result becomes an error.
@discardableResult
func posixRetrying<Result: SignedInteger>(
    _ operation: String,
    _ call: () -> Result
) throws(DiskError) -> Result {
    while true {
        errno = 0
        let result = call()
        if result >= 0 { return result }
        let number = errno
        guard number == EINTR else { throw DiskError(errno: number, operation: operation) }
    }
}

extension DiskError {
    /// The error for a number of `errno`.
    init(errno number: Int32, operation: String) {
        let code: Code =
            switch number {
            case ENOENT: .notFound
            case EEXIST: .exists
            case ENOSPC, EDQUOT: .noSpace
            case EIO: .io
            case EACCES, EPERM, EROFS: .permission
            case EMFILE, ENFILE: .tooManyOpen
            default: .other(number)
            }
        self.init(code, operation: operation)
    }
}
