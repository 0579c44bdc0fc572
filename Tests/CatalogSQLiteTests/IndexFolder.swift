import CatalogSQLite
import Foundation

/// A folder of its own for the index of one test, removed with it.
final class IndexFolder: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(path: "cassette-index-\(UUID().uuidString)")
    let key = (0..<32).map { UInt8($0) }

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    var path: String { url.appending(path: "index.sqlite").path }

    /// Opens the index of the folder.
    func catalog(_ configuration: SQLiteCatalogConfiguration = .init()) throws -> SQLiteCatalog {
        try SQLiteCatalog(path: path, key: key, configuration: configuration)
    }

    /// The bytes of all files of the folder.
    func bytes() throws -> [Data] {
        try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil).map {
            try Data(contentsOf: $0)
        }
    }
}
