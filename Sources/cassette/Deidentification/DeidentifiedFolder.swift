import ArchiveServices
import DICOMCore
import Deidentification
import Glibc
import NIOCore
import Platform
import Synchronization

/// The folder that de-identified objects go to: a folder for each study, in it one for each series, named by the new UIDs.
///
/// Nothing is ever written outside of it: names are made of digits and dots, and a link in the place of a folder is refused.
struct DeidentifiedFolder: Sendable {
    private let root: String
    private let isForced: Bool
    private let open = OpenNames()

    /// The names of the files that are being written: two inputs may be one object.
    private final class OpenNames: Sendable {
        private let names = Mutex<Set<String>>([])

        func insert(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }
        func remove(_ name: String) { names.withLock { _ = $0.remove(name) } }
    }

    /// Makes the folder.
    ///
    /// - Parameter inputs: What is read; the new files must not lie in it, or the next run would read them.
    init(_ path: String, isForced: Bool, reading inputs: [String]) throws {
        root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.isForced = isForced
        try Self.makeFolder(root)
        let place = Self.real(root)
        for input in inputs where FileKind(of: input, followsLinks: true) == .folder {
            let source = Self.real(input)
            guard place != source, !place.hasPrefix(source == "/" ? source : source + "/") else {
                throw CommandFailure("\(path) lies in \(input), which is read: choose a folder beside it with --output")
            }
        }
    }

    /// A file that is being written.
    struct Draft: ObjectDraft {
        fileprivate let folder: DeidentifiedFolder
        private let file: any DiskFile
        fileprivate let path: String
        private var length: UInt64 = 0

        fileprivate init(_ file: any DiskFile, _ path: String, _ folder: DeidentifiedFolder) {
            self.file = file
            self.path = path
            self.folder = folder
        }

        fileprivate static func name(_ path: String) -> String { path + ".new" }

        mutating func write(_ bytes: ByteBuffer) throws {
            guard bytes.readableBytes > 0 else { return }
            try file.write(bytes, at: length)
            length += UInt64(bytes.readableBytes)
        }

        func finish() throws {
            defer { folder.open.remove(path) }
            try file.synchronize()
            try file.close()
            try PosixDisk().rename(Self.name(path), to: path)
        }

        func discard() {
            defer { folder.open.remove(path) }
            // The draft goes whatever closing says; if it cannot go, it still has no final name.
            try? file.close()
            try? PosixDisk().unlink(Self.name(path))
        }
    }

    /// Begins the file of an object; `nil` when it is there already.
    func begin(_ object: DeidentifiedObject) throws -> Draft? {
        var folder = root
        for uid in [object.studyInstanceUID, object.seriesInstanceUID] {
            folder += "/" + (uid?.string ?? "none")
            try Self.makeFolder(folder)
        }
        let path = folder + "/" + object.sopInstanceUID.string + ".dcm"
        guard isForced || FileKind(of: path, followsLinks: false) == .none else { return nil }
        guard open.insert(path) else { return nil }
        let draft = Draft.name(path)
        do {
            return Draft(try PosixDisk().open(draft, .createNew), path, self)
        } catch {
            open.remove(path)
            guard error.code == .exists else { throw CommandFailure("\(draft): \(error)") }
            throw CommandFailure("\(draft) is there, of a run that goes on or was cut off: remove it")
        }
    }

    private static func makeFolder(_ path: String) throws {
        switch FileKind(of: path, followsLinks: false) {
        case .folder: return
        case .none:
            do {
                try PosixDisk().makeDirectory(path)
            } catch  where FileKind(of: path, followsLinks: false) == .folder {
                // Another object of the series made it.
                return
            } catch {
                throw CommandFailure("\(path): \(error)")
            }
        case .file, .link, .other:
            throw CommandFailure("\(path) is there and is no folder: choose another with --output")
        }
    }

    /// The path without links.
    private static func real(_ path: String) -> String {
        // realpath allocates a text that ends with NUL, or returns NULL.
        guard let resolved = unsafe realpath(path, nil) else { return path }
        // It is copied before it is freed.
        defer { unsafe free(resolved) }
        // Valid until it is freed, at the end of this function.
        return unsafe String(cString: resolved)
    }
}
