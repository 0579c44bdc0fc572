import Foundation
import Glibc

/// The files that paths on the command line mean: files themselves, folders with all below them.
///
/// What is no file is refused: reading a pipe waits for ever, and a link in a folder of somebody else's leads out of it,
/// or round and round.
struct FileWalk {
    /// The files, sorted within their folders.
    private(set) var files: [String] = []
    /// What was found and is not read, with the reason.
    private(set) var refused: [(path: String, reason: String)] = []

    /// Folders inside folders; deeper ones are refused.
    private static let depthLimit = 64

    /// Looks at paths; names inside folders that begin with a dot are left out.
    ///
    /// - Throws: `CommandFailure` for a path that does not exist.
    init(_ paths: [String]) throws {
        for path in paths {
            let kind = FileKind(of: path, followsLinks: true)
            guard kind != .none else { throw CommandFailure("There is no file or folder \(path)") }
            take(path, kind)
        }
    }

    private mutating func take(_ path: String, _ kind: FileKind) {
        guard kind == .folder else { return note(path, kind) }
        var pending = [(path: path, depth: 0)]
        while let next = pending.popLast() {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: next.path) else {
                refused.append((next.path, "the folder cannot be read"))
                continue
            }
            var folders: [(path: String, depth: Int)] = []
            for name in names.sorted() where !name.hasPrefix(".") {
                let child = next.path + "/" + name
                let kind = FileKind(of: child, followsLinks: false)
                if kind != .folder {
                    note(child, kind)
                } else if next.depth + 1 < Self.depthLimit {
                    folders.append((child, next.depth + 1))
                } else {
                    refused.append((child, "more than \(Self.depthLimit) folders inside each other"))
                }
            }
            pending.append(contentsOf: folders.reversed())
        }
    }

    private mutating func note(_ path: String, _ kind: FileKind) {
        switch kind {
        case .file: files.append(path)
        case .link: refused.append((path, "a symbolic link is not followed: name what it leads to"))
        case .other: refused.append((path, "a pipe, socket or device, not a file"))
        // It went while the folder was read.
        case .folder, .none: break
        }
    }
}

/// What a path names.
enum FileKind {
    case file
    case folder
    case link
    case other
    case none

    init(of path: String, followsLinks: Bool) {
        var status = stat()
        // The path is copied to a C string and the structure filled, both for the call only.
        let result = unsafe followsLinks ? stat(path, &status) : lstat(path, &status)
        guard result == 0 else {
            self = .none
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFLNK: self = .link
        default: self = .other
        }
    }
}
