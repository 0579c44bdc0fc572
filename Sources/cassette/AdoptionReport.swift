import DICOMCore
import Foundation

/// What an adoption did, and whether the two archives hold the same.
struct AdoptionReport: Sendable {
    var files = 0
    var dicom = 0
    var stored = 0
    var alreadyStored = 0
    var headerCopies = 0
    var others = 0
    var bytes: UInt64 = 0
    /// Objects read back from this archive and found equal to their source.
    var equal = 0
    /// Objects that an earlier run had found equal.
    var skipped = 0
    /// Objects whose bytes here are not those of the source.
    var different: [String] = []
    var refused: [(path: String, reason: String)] = []

    /// Whether every object of the source is here, with the same bytes.
    var isComplete: Bool { refused.isEmpty && different.isEmpty && equal + skipped == dicom }

    var json: String {
        JSONText.object([
            ("files", String(files)), ("dicom", String(dicom)), ("stored", String(stored)),
            ("alreadyStored", String(alreadyStored)), ("headerCopies", String(headerCopies)),
            ("others", String(others)), ("bytes", String(bytes)), ("equal", String(equal)),
            ("skipped", String(skipped)), ("isComplete", String(isComplete)),
            ("different", JSONText.array(different.map(JSONText.string))),
            (
                "refused",
                JSONText.array(
                    refused.map {
                        JSONText.object([("path", JSONText.string($0.path)), ("reason", JSONText.string($0.reason))])
                    }
                )
            ),
        ])
    }

    var text: String {
        "\(files) files: \(dicom) objects with \(bytes) bytes, \(headerCopies) copies of headers, \(others) others\n"
            + "\(stored) stored, \(alreadyStored) known already, \(skipped) done before, \(refused.count) refused\n"
            + "\(equal) read back and equal to their source, \(different.count) different"
    }
}

/// The files that were found equal, one line each, so that an interrupted adoption goes on where it stopped.
final class AdoptionLedger {
    private let handle: FileHandle?
    private(set) var done: Set<String> = []

    /// Opens the file, or begins it; `nil` for none.
    init(_ path: String?) throws {
        guard let path else {
            handle = nil
            return
        }
        if !FileManager.default.fileExists(atPath: path) {
            guard FileManager.default.createFile(atPath: path, contents: nil) else {
                throw CommandFailure("The ledger \(path) cannot be written")
            }
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else {
            throw CommandFailure("The ledger \(path) cannot be written")
        }
        let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
        // A line that was cut off is of no file; the next one begins on a line of its own.
        done = Set(text.split(separator: "\n").map(String.init))
        if !text.isEmpty, !text.hasSuffix("\n") { try handle.write(contentsOf: Data("\n".utf8)) }
        self.handle = handle
    }

    /// One file with its length: another file in its place is looked at again.
    static func line(_ file: AdoptedFile) -> String { "\(file.length) \(file.path)" }

    /// Remembers a file.
    func note(_ file: AdoptedFile) throws {
        try handle?.write(contentsOf: Data((Self.line(file) + "\n").utf8))
    }
}
