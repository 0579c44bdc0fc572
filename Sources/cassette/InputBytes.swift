import Glibc
import NIOCore
import Platform

/// The bytes of a file or of standard input, piece by piece.
struct InputBytes {
    /// What stands for standard input on the command line.
    static let standardInput = "-"

    private static let pieceLength = 256 << 10

    private let file: (any DiskFile)?
    private var offset: UInt64 = 0

    /// Opens a file.
    ///
    /// - Throws: `CommandFailure` when there is none or it cannot be read.
    init(_ path: String) throws {
        guard path != Self.standardInput else {
            file = nil
            return
        }
        switch FileKind(of: path, followsLinks: true) {
        case .none: throw CommandFailure("There is no file \(path)")
        case .folder: throw CommandFailure("\(path) is a folder: name the files in it, for example \(path)/*")
        case .other: throw CommandFailure("\(path) is a pipe or device: write - and let it come as standard input")
        case .file, .link: break
        }
        do {
            file = try PosixDisk().open(path, .read)
        } catch {
            throw CommandFailure("\(path) cannot be read: \(error)")
        }
    }

    /// The next bytes; `nil` at the end.
    mutating func next() throws -> ByteBuffer? {
        let piece = try file.map { try $0.read(at: offset, count: Self.pieceLength) } ?? Self.readStandardInput()
        offset += UInt64(piece.readableBytes)
        return piece.readableBytes == 0 ? nil : piece
    }

    /// Closes the file.
    func close() {
        // It was only read: nothing is lost whatever closing says.
        try? file?.close()
    }

    private static func readStandardInput() throws -> ByteBuffer {
        var buffer = ByteBuffer()
        while true {
            var failure: CInt = 0
            // read(2) fills the memory of the buffer, which is valid inside the closure.
            let count = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: pieceLength) { memory in
                let count = unsafe Glibc.read(STDIN_FILENO, memory.baseAddress, memory.count)
                if count < 0 { failure = errno }
                return max(0, count)
            }
            if count > 0 || failure == 0 { return buffer }
            guard failure == EINTR else { throw CommandFailure("Standard input cannot be read (errno \(failure))") }
        }
    }
}
