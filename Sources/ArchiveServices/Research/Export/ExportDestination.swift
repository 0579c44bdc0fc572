public import DICOMCore
public import Platform

/// One de-identified object on its way out: it has passed the gate.
public struct ExportObject: Sendable {
    /// Its name in the export.
    public let name: ExportName
    /// The Part 10 file.
    public let content: ExportContent
    /// SOP Class UID.
    public let sopClassUID: UID
    /// The new SOP Instance UID.
    public let sopInstanceUID: UID
    /// The Transfer Syntax in which it is written.
    public let transferSyntax: TransferSyntax

    /// Describes an object.
    public init(
        name: ExportName,
        content: ExportContent,
        sopClassUID: UID,
        sopInstanceUID: UID,
        transferSyntax: TransferSyntax
    ) {
        self.name = name
        self.content = content
        self.sopClassUID = sopClassUID
        self.sopInstanceUID = sopInstanceUID
        self.transferSyntax = transferSyntax
    }
}

/// What became of an object at its destination.
public enum ExportPlacement: Sendable, Hashable {
    /// It was sent.
    case sent
    /// It was there already, the same bytes.
    case present
    /// The destination does not take it; why, without any value of it.
    case refused(String)
}

/// A document that goes with the objects: manifest, quarantine, report.
public struct ExportDocument: Sendable {
    /// Its name in the export.
    public let name: ExportName
    /// Its bytes.
    public let content: ExportContent

    /// Names a document.
    public init(name: ExportName, content: ExportContent) {
        self.name = name
        self.content = content
    }
}

/// What an archive with a directory needs of each object that was put, in the order in which they were.
public struct ExportedFile: Sendable, Hashable {
    /// Its path as ``ExportDestination/path(of:_:)`` gave it.
    public let path: String
    /// Bytes.
    public let length: UInt64
    /// CRC-32 of ZIP.
    public let crc32: UInt32

    /// Names a file.
    public init(path: String, length: UInt64, crc32: UInt32) {
        self.path = path
        self.length = length
        self.crc32 = crc32
    }
}

/// The files of an export, one after the other.
public struct ExportedFiles: Sendable {
    private enum Source: Sendable {
        case list(ArraySlice<ExportedFile>)
        case rows(ExportJournal.Rows)
    }

    private var source: Source

    /// Files that are at hand.
    public init(_ files: [ExportedFile]) { source = .list(files[...]) }

    init(_ rows: ExportJournal.Rows) { source = .rows(rows) }

    /// The next file; `nil` at the end.
    public mutating func next() async throws -> ExportedFile? {
        switch source {
        case .list(var files):
            let file = files.popFirst()
            source = .list(files)
            return file
        case .rows(var rows):
            while let (row, _) = try await rows.next() {
                guard case .object(let object) = row else { continue }
                source = .rows(rows)
                return object.file
            }
            source = .rows(rows)
            return nil
        }
    }
}

/// Where an export goes: a folder, a ZIP file, a store of blobs, a DICOM peer.
///
/// Calls come one after the other, never two at a time. Nothing of it is there under its final name before ``finish(_:files:)`` has returned, or
/// at a place that takes objects one by one: before an object has passed the gate.
public protocol ExportDestination: Sendable {
    /// Whether objects that an earlier export has sent there, with the same bytes, need not be sent again.
    var keepsEarlierObjects: Bool { get }
    /// The path under which an object is found there, as the manifest names it.
    func path(of name: ExportName, _ content: ExportContent) -> String
    /// Begins, or goes on where an export stopped.
    ///
    /// - Parameters:
    ///   - id: of the export.
    ///   - position: What ``settle()`` gave last; `nil` at the beginning. What was put after it is put again.
    func begin(_ id: RandomID, at position: UInt64?) async throws
    /// Takes an object.
    func put(_ object: ExportObject) async throws -> ExportPlacement
    /// Makes what was put durable.
    ///
    /// - Returns: Where to go on from.
    func settle() async throws -> UInt64
    /// Ends the export: now it is there under its final name.
    ///
    /// May be called again, after ``begin(_:at:)``, for an export of which it is not known whether it has ended.
    ///
    /// - Parameter files: The files that were put, in their order.
    func finish(_ documents: [ExportDocument], files: ExportedFiles) async throws
    /// Takes away what was written; an earlier export stays as it is.
    func abandon(_ id: RandomID) async throws
    /// Lets go of the place, however the export ended or stopped.
    func close() async
}

extension ExportDestination {
    /// Everything is sent each time.
    public var keepsEarlierObjects: Bool { false }

    /// There is nothing to let go of.
    public func close() async {}

    /// The name as it is.
    public func path(of name: ExportName, _ content: ExportContent) -> String { name.text }
}
