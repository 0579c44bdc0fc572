import Crypto
import NIOCore
import Platform
import Sealing

/// Keys and associated data of the two streams of a record.
struct RecordSeal: Sendable {
    /// The longest manifest: 64 MiB, the index of every frame of a very long object.
    static let manifestLengthLimit = 64 * 1_024 * 1_024

    let recordID: RandomID
    let studyKey: StudyKey

    /// The payload belongs to its record, its key, and its context.
    func payloadSealer(context: [UInt8], random: any RandomSource) -> FLOESealer {
        FLOESealer(key: key("payload"), associatedData: payloadAssociatedData(context), random: random)
    }

    /// Opens the payload.
    func payloadOpener(context: [UInt8], header: ByteBuffer) throws(SealingError) -> FLOEOpener {
        try FLOEOpener(key: key("payload"), associatedData: payloadAssociatedData(context), header: header)
    }

    /// The manifest belongs to its record, its key, its kind, and a payload of that length; the context is left out, so
    /// that it can be opened without a catalog.
    func sealManifest(
        _ manifest: ByteBuffer,
        kind: RecordKind,
        payloadLength: UInt64,
        random: any RandomSource,
        into sealed: inout ByteBuffer
    ) throws(SealingError) {
        var sealer = FLOESealer(
            key: key("manifest"),
            associatedData: manifestAssociatedData(kind: kind, payloadLength: payloadLength),
            random: random
        )
        var header = sealer.header
        sealed.writeBuffer(&header)
        try sealer.update(manifest, into: &sealed)
        try sealer.finish(into: &sealed)
    }

    /// Opens a whole sealed manifest.
    func openManifest(
        _ sealed: ByteBuffer,
        kind: RecordKind,
        payloadLength: UInt64
    ) throws(SealingError) -> ByteBuffer {
        var rest = sealed
        guard let header = rest.readSlice(length: FLOEParameters.headerLength) else {
            throw SealingError(.malformedHeader)
        }
        var opener = try FLOEOpener(
            key: key("manifest"),
            associatedData: manifestAssociatedData(kind: kind, payloadLength: payloadLength),
            header: header
        )
        let layout = try FLOELayout(sealedLength: UInt64(sealed.readableBytes), parameters: opener.parameters)
        var manifest = ByteBuffer()
        manifest.reserveCapacity(min(Int(clamping: layout.plaintextLength), Self.manifestLengthLimit))
        try opener.open(&rest, segments: 0..<layout.segmentCount, layout: layout, into: &manifest)
        return manifest
    }

    private func key(_ purpose: String) -> SymmetricKey {
        studyKey.recordKey(purpose: purpose, recordID: recordID)
    }

    private func payloadAssociatedData(_ context: [UInt8]) -> [UInt8] {
        var buffer = associatedData("cassette/payload/1")
        buffer.writeInteger(UInt32(context.count))
        buffer.writeBytes(context)
        return Array(buffer.readableBytesView)
    }

    private func manifestAssociatedData(kind: RecordKind, payloadLength: UInt64) -> [UInt8] {
        var buffer = associatedData("cassette/manifest/1")
        buffer.writeMultipleIntegers(kind.rawValue, payloadLength)
        return Array(buffer.readableBytesView)
    }

    /// Label with its length, record id, study key id, generation.
    private func associatedData(_ label: StaticString) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt8(label.utf8CodeUnitCount))
        buffer.writeStaticString(label)
        buffer.writeBytes(recordID.bytes)
        buffer.writeBytes(studyKey.id.bytes)
        buffer.writeInteger(studyKey.generation)
        return buffer
    }
}

extension FLOEOpener {
    /// Opens neighbouring segments, the first of which begins at the reader index of `sealed`.
    mutating func open(
        _ sealed: inout ByteBuffer,
        segments: Range<UInt64>,
        layout: FLOELayout,
        into plaintext: inout ByteBuffer
    ) throws(SealingError) {
        for index in segments {
            let bytes = try layout.bytes(ofSegments: index..<index + 1)
            guard let segment = sealed.readSlice(length: bytes.count) else {
                throw SealingError(.malformedSegment, segmentIndex: index)
            }
            try open(segment: segment, index: index, isLast: layout.isLast(index), into: &plaintext)
        }
    }
}
