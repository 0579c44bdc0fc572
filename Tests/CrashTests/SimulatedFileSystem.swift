import CSimulatedDisk
import NIOCore
import Platform

/// A registered SQLite VFS whose files lie on a ``SimulatedDisk``.
final class SimulatedFileSystem: Sendable {
    /// The name in `file:PATH?vfs=NAME`.
    let name: String
    private let disk: SimulatedDisk

    /// Registers the VFS.
    init(_ disk: SimulatedDisk) throws {
        self.disk = disk
        name = "simulated-" + RandomID(random: SystemRandomSource()).hex
        // The pointer stays valid: this object holds the disk, and takes the VFS away before it lets go of it.
        var calls = unsafe simulated_disk_calls()
        // As above.
        unsafe calls.disk = Unmanaged.passUnretained(disk).toOpaque()
        // Functions without captures, see below.
        unsafe Self.fill(&calls)
        // The name and the structure are copied.
        let code = unsafe simulated_vfs_register(name, &calls)
        guard code == 0 else { throw DiskError(.other(code), operation: "register a VFS") }
    }

    deinit {
        // While a connection is open this answers "busy": then the VFS stays, and so must the disk.
        if unsafe simulated_vfs_unregister(name) != 0 {
            // Kept for ever, for the VFS points to it.
            _ = unsafe Unmanaged.passRetained(disk)
        }
    }

    private static func fill(_ calls: inout simulated_disk_calls) {
        // Each function gets the pointer that was put into the structure, and buffers that SQLite lends for the call.
        unsafe calls.open = { disk, path, create, isNew in
            unsafe disk.simulated.openFile(String(path), creating: create != 0, exclusively: false).code { opened in
                // SQLite's own variable.
                unsafe isNew?.pointee = opened.isNew ? 1 : 0
                return opened.file
            }
        }
        // As above.
        unsafe calls.read = { disk, file, bytes, count, offset in
            unsafe disk.simulated.read(Int(file), at: Int(offset), count: Int(count)).code { content in
                // At most `count` bytes were read.
                unsafe content.withUnsafeReadableBytes { read in
                    // As above.
                    guard let bytes = unsafe bytes, let start = read.baseAddress else { return }
                    // As above.
                    unsafe bytes.copyMemory(from: start, byteCount: read.count)
                }
                return content.readableBytes
            }
        }
        // As above.
        unsafe calls.write = { disk, file, bytes, count, offset in
            let content = unsafe ByteBuffer(bytes: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            // As above.
            return unsafe disk.simulated.write(content, to: Int(file), at: Int(offset)).code
        }
        // As above.
        unsafe calls.truncate = { disk, file, size in unsafe disk.simulated.truncate(Int(file), to: Int(size)).code }
        // As above.
        unsafe calls.sync = { disk, file in unsafe disk.simulated.sync(Int(file)).code }
        // As above.
        unsafe calls.size = { disk, file in Int64(unsafe disk.simulated.size(of: Int(file))) }
        // As above.
        unsafe calls.unlink = { disk, path in unsafe disk.simulated.remove(String(path)).code }
        // As above.
        unsafe calls.exists = { disk, path in (unsafe disk.simulated.size(at: String(path)) ?? 0) > 0 ? 1 : 0 }
        // As above.
        unsafe calls.sync_directory_of = { disk, path in
            unsafe disk.simulated.syncNames(of: parent(of: String(path))).code
        }
    }
}

extension UnsafeMutableRawPointer? {
    /// The disk that was given at registration.
    fileprivate var simulated: SimulatedDisk {
        guard let pointer = self else { preconditionFailure("the VFS was registered with a disk") }
        // ``SimulatedFileSystem`` holds the disk as long as the VFS is registered.
        return unsafe Unmanaged<SimulatedDisk>.fromOpaque(pointer).takeUnretainedValue()
    }
}

extension String {
    /// A C string of SQLite.
    fileprivate init(_ pointer: UnsafePointer<CChar>?) {
        // SQLite's paths end with a zero byte.
        self = unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
}

extension Result where Failure == DiskError {
    fileprivate func code(_ body: (Success) -> Int) -> Int64 {
        switch self {
        case .success(let value): Int64(body(value))
        case .failure(let error): error.number
        }
    }
}

extension DiskError? {
    fileprivate var code: Int64 { self?.number ?? 0 }
}

extension DiskError {
    /// A negated `errno` of Linux.
    fileprivate var number: Int64 {
        switch code {
        case .notFound: -2
        case .exists: -17
        case .noSpace: -28
        case .tooManyOpen: -24
        default: -5
        }
    }
}
