import NIOCore

/// Which syncs of a disk do what they say: all of them, or for a control not all.
struct SyncRules: Sendable, Hashable {
    var files = true
    var index = true
    var keyring = true
    var directories = true

    /// Every sync works.
    static let honest = SyncRules()
    /// No sync works.
    static let blind = SyncRules(files: false, index: false, keyring: false, directories: false)

    func honours(_ operation: DiskOperation, at site: String) -> Bool {
        switch operation {
        case .syncFile:
            if site.contains("/index.sqlite") { return index }
            if site.contains("/keyring") || site.contains(".keys/") { return keyring }
            return files
        case .syncDirectory: return directories
        default: return true
        }
    }
}

/// Follows a log and knows at each moment what is durable, and what a power cut might keep of the rest.
///
/// A sync of a file makes its bytes and its length durable, not its name. A sync of a directory makes the names in it
/// durable. A rename happens whole or not at all. Nothing else is promised: what was not synced may survive in any part.
struct DiskReplay: Sendable {
    enum Change: Sendable {
        case write(offset: Int, bytes: ByteBuffer)
        case truncate(size: Int)
    }

    struct File: Sendable {
        var durable = ByteBuffer()
        var pending: [Change] = []
    }

    private let rules: SyncRules
    private(set) var files: [Int: File] = [:]
    /// Names as every program sees them.
    private var names: [String: Int] = [:]
    private(set) var durableNames: [String: Int] = [:]
    private(set) var durableDirectories: Set<String>
    private(set) var pendingNames: [NameChange] = []
    private(set) var acknowledged: [Acknowledgement] = []

    /// Starts with what is durable at the beginning of the log.
    init(_ base: DiskImage, rules: SyncRules = .honest) {
        self.rules = rules
        durableDirectories = base.directories
        for (number, (path, bytes)) in base.files.sorted(by: { $0.key < $1.key }).enumerated() {
            names[path] = number
            durableNames[path] = number
            files[number] = File(durable: bytes)
        }
    }

    /// Whether a power cut now would take anything.
    var hasPending: Bool { !pendingNames.isEmpty || files.values.contains { !$0.pending.isEmpty } }

    /// Takes the next event.
    mutating func apply(_ event: DiskLog.Event) {
        switch event {
        case .acknowledged(let acknowledgement): acknowledged.append(acknowledgement)
        case .changed(let operation, let site):
            guard rules.honours(operation, at: site) else { return }
            apply(operation)
        }
    }

    private mutating func apply(_ operation: DiskOperation) {
        switch operation {
        case .create(let file, let path):
            names[path] = file
            files[file] = File()
            pendingNames.append(.create(path: path, file: file))
        case .write(let file, let offset, let bytes):
            files[file, default: File()].pending.append(.write(offset: offset, bytes: bytes))
        case .truncate(let file, let size):
            files[file, default: File()].pending.append(.truncate(size: size))
        case .syncFile(let file):
            files[file, default: File()].settle()
        case .rename(let from, let to):
            guard let file = names.removeValue(forKey: from) else { return }
            names[to] = file
            pendingNames.append(.rename(from: from, to: to, file: file))
        case .unlink(let path):
            names[path] = nil
            pendingNames.append(.unlink(path: path))
        case .makeDirectory(let path):
            pendingNames.append(.makeDirectory(path: path))
        case .syncDirectory(let path):
            let settled = pendingNames.filter { $0.concerns(path) }
            pendingNames.removeAll { $0.concerns(path) }
            for change in settled { change.apply(to: &durableNames, &durableDirectories) }
        }
    }

    /// What the next start finds when the power goes now.
    func image(_ chance: inout CrashChance) -> DiskImage {
        var names = durableNames
        var directories = durableDirectories
        for change in chance.survivors(of: pendingNames) { change.apply(to: &names, &directories) }
        var image = DiskImage(files: [:], directories: [])
        for directory in directories.sorted() where Self.isReachable(directory, directories) {
            image.directories.insert(directory)
        }
        // In the order of numbers, so that a seed gives the same picture every time.
        for (path, number) in names.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
            guard image.directories.contains(parent(of: path)), let file = files[number] else { continue }
            image.files[path] = file.pending.isEmpty ? file.durable : chance.content(of: file)
        }
        return image
    }

    private static func isReachable(_ directory: String, _ directories: Set<String>) -> Bool {
        var path = directory
        while path != "/" {
            guard directories.contains(path) else { return false }
            path = parent(of: path)
        }
        return true
    }
}

/// A change of names that is not durable before its directory is synced.
enum NameChange: Sendable {
    case create(path: String, file: Int)
    case rename(from: String, to: String, file: Int)
    case unlink(path: String)
    case makeDirectory(path: String)

    /// Whether a sync of that directory makes it durable.
    func concerns(_ directory: String) -> Bool {
        switch self {
        case .create(let path, _), .unlink(let path), .makeDirectory(let path): parent(of: path) == directory
        // The whole of a rename becomes durable with either directory, as in the journal of a file system.
        case .rename(let from, let to, _): parent(of: from) == directory || parent(of: to) == directory
        }
    }

    func apply(to names: inout [String: Int], _ directories: inout Set<String>) {
        switch self {
        case .create(let path, let file): names[path] = file
        case .rename(let from, let to, let file):
            if names[from] == file { names[from] = nil }
            names[to] = file
        case .unlink(let path): names[path] = nil
        case .makeDirectory(let path): directories.insert(path)
        }
    }
}

extension DiskReplay.File {
    fileprivate mutating func settle() {
        for change in pending { change.apply(to: &durable) }
        pending = []
    }
}

extension DiskReplay.Change {
    func apply(to content: inout ByteBuffer) {
        switch self {
        case .write(let offset, let bytes): content.overwrite(with: bytes, at: offset)
        case .truncate(let size): content.resize(to: size)
        }
    }
}
