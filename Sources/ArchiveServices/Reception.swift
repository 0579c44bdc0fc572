import ArchiveCatalog
import Crypto
import DICOMCoding
import DICOMCore
import NIOCore

/// Follows the bytes of one incoming object: parses, hashes, and never keeps bulk.
struct Reception {
    private let object: IncomingObject
    private let limits: DataSetLimits
    private var part10: Part10Decoder?
    private var scanner: InstanceScanner?
    private var digest = SHA256()
    private(set) var transferSyntax: TransferSyntax?
    /// What kinds of oddities the header of the file has.
    private(set) var headerQuirks: Set<Quirk.Kind> = []
    private(set) var dataSetOffset: UInt64 = 0
    private var dataSetLength: UInt64 = 0

    init(_ object: IncomingObject, limits: DataSetLimits) {
        self.object = object
        self.limits = limits
        switch object.form {
        case .part10:
            part10 = Part10Decoder()
        case .dataSet(let transferSyntax):
            self.transferSyntax = transferSyntax
            scanner = InstanceScanner(transferSyntax: transferSyntax, limits: limits)
        }
    }

    /// What kinds of oddities the Data Set has so far.
    var dataSetQuirks: Set<Quirk.Kind> {
        guard let quirks = scanner?.quirks, !quirks.isEmpty else { return [] }
        return Set(quirks.map(\.kind))
    }

    /// Whether elements stand out of order or twice.
    var isDisordered: Bool { scanner?.isDisordered ?? false }

    /// The UIDs, as soon as all four have passed.
    var identity: InstanceIdentity? { scanner?.identity }

    /// Says that `length` bytes, written by us, stand in front of the Data Set.
    mutating func prefixed(by length: Int) {
        dataSetOffset = UInt64(length)
    }

    /// Takes the next bytes of the object.
    mutating func take(_ chunk: ByteBuffer) throws(IngestRefusal) {
        do throws(DataSetError) {
            guard part10 != nil else { return try takeDataSet(chunk) }
            try beginDataSet(with: try part10?.read(chunk))
        } catch {
            throw refusal(error)
        }
    }

    /// Ends the object.
    mutating func finish() throws(IngestRefusal) -> ScannedInstance {
        do throws(DataSetError) {
            if part10 != nil { try beginDataSet(with: try part10?.finish()) }
            guard var scanner else { throw DataSetError(.notDICOM, at: 0) }
            return try scanner.finish()
        } catch {
            throw refusal(error)
        }
    }

    /// SHA-256 of the Data Set.
    func dataSetDigest() -> [UInt8] {
        Array(digest.finalize())
    }

    /// Goes over to the Data Set once the File Meta Information is complete.
    private mutating func beginDataSet(with rest: ByteBuffer?) throws(DataSetError) {
        guard let header = part10?.header else { return }
        part10 = nil
        transferSyntax = header.transferSyntax
        headerQuirks = Set(header.quirks.map(\.kind))
        if let announced = object.transferSyntaxUID, announced != header.transferSyntax.uid {
            throw DataSetError(.otherTransferSyntax, at: header.dataSetOffset, path: [.transferSyntaxUID])
        }
        dataSetOffset = header.dataSetOffset
        scanner = InstanceScanner(transferSyntax: header.transferSyntax, limits: limits)
        if let rest { try takeDataSet(rest) }
    }

    private mutating func takeDataSet(_ chunk: ByteBuffer) throws(DataSetError) {
        dataSetLength += UInt64(chunk.readableBytes)
        guard dataSetLength <= limits.instanceLength else {
            throw DataSetError(.instanceTooLong, at: dataSetLength)
        }
        // The pointer stays inside the closure; the hash only reads it.
        unsafe chunk.withUnsafeReadableBytes { bytes in
            unsafe digest.update(bufferPointer: bytes)
        }
        try scanner?.scan(chunk)
    }

    private func refusal(_ error: DataSetError) -> IngestRefusal {
        let reason: IngestRefusal.Reason =
            switch error.code {
            case .missingIdentity: .missingIdentity(error.path.last ?? .sopInstanceUID)
            case .otherTransferSyntax: .mismatch(.transferSyntaxUID)
            case .inflatesTooFar, .instanceTooLong: .tooLong
            default: .notReadable(error)
            }
        return IngestRefusal(
            reason,
            sopClassUID: identity?.sopClassUID ?? object.sopClassUID,
            sopInstanceUID: identity?.sopInstanceUID ?? object.sopInstanceUID
        )
    }
}
