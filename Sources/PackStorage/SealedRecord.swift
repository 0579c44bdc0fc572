import NIOCore
import Platform
import Sealing

/// A whole record without payload, as bytes: what stands in the pack for a manifest that says it all.
enum SealedRecord {
    static func encoded(
        _ kind: RecordKind,
        manifest: ByteBuffer,
        studyKey: StudyKey,
        random: any RandomSource
    ) throws(PackError) -> ByteBuffer {
        let seal = RecordSeal(recordID: RandomID(random: random), studyKey: studyKey)
        var sealer = seal.payloadSealer(context: [], random: random)
        var bytes = RecordHeader(kind: kind, recordID: seal.recordID, parameters: sealer.parameters).encoded
        bytes.writeImmutableBuffer(sealer.header)
        var content = ByteBuffer()
        content.writeInteger(UInt32(0))
        content.writeImmutableBuffer(manifest)
        guard content.readableBytes <= RecordSeal.manifestLengthLimit else { throw PackError(.recordTooLong) }
        do {
            try sealer.finish(into: &bytes)
            try seal.sealManifest(content, kind: kind, payloadLength: 0, random: random, into: &bytes)
        } catch {
            throw PackError(.recordTooLong)
        }
        let length = bytes.readableBytes + RecordTrailer.length
        let trailer = RecordTrailer(
            payloadLength: 0,
            manifestLength: UInt32(content.readableBytes),
            recordLength: UInt64(length)
        )
        bytes.writeImmutableBuffer(trailer.encoded)
        return bytes
    }
}
