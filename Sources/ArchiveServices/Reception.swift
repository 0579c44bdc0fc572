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
    private(set) var dataSetOffset: UInt64 = 0
    private var dataSetLength: UInt64 = 0

    init(_ object: IncomingObject, limits: DataSetLimits) {
        self.object = object
        self.limits = limits
        switch object.form {
        case .part10:
            part10 = Part10Decoder(limits: limits)
        case .dataSet(let transferSyntax):
            self.transferSyntax = transferSyntax
            scanner = InstanceScanner(transferSyntax: transferSyntax, limits: limits)
        }
    }

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
            part10?.append(chunk)
            try beginDataSetIfReady(isAtEnd: false)
        } catch {
            throw refusal(error)
        }
    }

    /// Ends the object.
    mutating func finish() throws(IngestRefusal) -> ScannedInstance {
        do throws(DataSetError) {
            if part10 != nil { try beginDataSetIfReady(isAtEnd: true) }
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

    private mutating func beginDataSetIfReady(isAtEnd: Bool) throws(DataSetError) {
        guard var decoder = part10 else { return }
        let head = isAtEnd ? try decoder.finish() : try decoder.next()
        guard let head else {
            part10 = decoder
            return
        }
        part10 = nil
        transferSyntax = head.transferSyntax
        dataSetOffset = head.dataSetOffset
        scanner = InstanceScanner(transferSyntax: head.transferSyntax, limits: limits)
        try takeDataSet(head.rest)
    }

    private mutating func takeDataSet(_ chunk: ByteBuffer) throws(DataSetError) {
        dataSetLength += UInt64(chunk.readableBytes)
        guard dataSetLength <= limits.instanceLength else {
            throw DataSetError(.lengthExceedsLimit, at: dataSetLength)
        }
        chunk.withUnsafeReadableBytes { bytes in
            // The pointer stays inside the closure; the hash only reads it.
            unsafe digest.update(bufferPointer: bytes)
        }
        try scanner?.scan(chunk)
    }

    private func refusal(_ error: DataSetError) -> IngestRefusal {
        let reason: IngestRefusal.Reason =
            switch error.code {
            case .missingIdentity: .missingIdentity(error.path.last ?? .sopInstanceUID)
            case .lengthExceedsLimit where dataSetLength > limits.instanceLength: .tooLong
            default: .notReadable(error)
            }
        return IngestRefusal(
            reason,
            sopClassUID: identity?.sopClassUID ?? object.sopClassUID,
            sopInstanceUID: identity?.sopInstanceUID ?? object.sopInstanceUID
        )
    }
}
