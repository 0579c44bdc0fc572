import Crypto
import DICOMCoding
import DICOMCore
import NIOCore

/// An object that a scenario sends: its file, its UIDs, and the digest of its Data Set.
struct CrashObject: Sendable {
    let study: UID
    let series: UID
    let instance: UID
    let file: ByteBuffer
    let digest: [UInt8]

    /// A CT of `frames` frames of 128 bytes.
    ///
    /// - Parameter variant: Objects that differ in this alone have one SOP Instance UID and other bytes.
    init(study: Int, number: Int, frames: Int = 1, variant: Int = 0) throws {
        let studyUID = try UID.numbered(study)
        let seriesUID = try UID.numbered(study, 1)
        let instanceUID = try UID.numbered(study, 1, number)
        var pixels = ByteBuffer()
        for position in 0..<128 * frames {
            pixels.writeInteger(UInt8(truncatingIfNeeded: position &* 31 &+ position / 128 &+ number &+ variant &* 7))
        }
        let sopClass = UID(literal: "1.2.840.10008.5.1.4.1.1.2")
        let dataSet = DataSet([
            .uid(.sopClassUID, sopClass), .uid(.sopInstanceUID, instanceUID),
            .uid(.studyInstanceUID, studyUID), .uid(.seriesInstanceUID, seriesUID),
            .text(.patientID, .lo, "P\(study)"), .text(.patientName, .pn, "DOE^\(study)"),
            .text(.modality, .cs, "CT"), .text(.studyDate, .da, "20260314"),
            .text(.instanceNumber, .is, String(number)), .text(.numberOfFrames, .is, String(frames)),
            .unsignedShort(.samplesPerPixel, 1), .unsignedShort(.rows, 8), .unsignedShort(.columns, 8),
            .unsignedShort(.bitsAllocated, 16), .unsignedShort(.bitsStored, 16), .unsignedShort(.highBit, 15),
            .unsignedShort(.pixelRepresentation, 0), .text(.photometricInterpretation, .cs, "MONOCHROME2"),
            DataElement(tag: .pixelData, vr: .ow, value: .bytes(pixels)),
        ])
        let encoded = try DataSetEncoder.encode(dataSet, in: .explicitVRLittleEndian)
        var file = try Part10Header.encoded(
            sopClassUID: sopClass,
            sopInstanceUID: instanceUID,
            transferSyntax: .explicitVRLittleEndian,
            implementationClassUID: UID(literal: "1.2.3.4"),
            implementationVersionName: "TEST"
        )
        file.writeImmutableBuffer(encoded)
        self.study = studyUID
        series = seriesUID
        self.file = file
        instance = instanceUID
        digest = Array(SHA256.hash(data: Array(encoded.readableBytesView)))
    }
}

extension UID {
    fileprivate static func numbered(_ numbers: Int...) throws -> UID {
        struct NotAUID: Error {}
        guard let uid = UID("1.2.3." + numbers.map(String.init).joined(separator: ".")) else { throw NotAUID() }
        return uid
    }
}

/// The bytes of an object in pieces, as a network brings them.
///
/// What another association does meanwhile happens between two pieces, always at the same place.
struct Arrival: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let bytes: ByteBuffer
    var length = 16_000
    /// Done once, when half of the bytes have come.
    var meanwhile: (@Sendable () async -> Void)?
    /// Bytes after which the sender is gone.
    var breaksOffAfter: Int?

    struct BrokenOff: Error {}

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(arrival: self, rest: bytes) }

    struct AsyncIterator: AsyncIteratorProtocol {
        let arrival: Arrival
        var rest: ByteBuffer
        var isInterleaved = false

        mutating func next() async throws -> ByteBuffer? {
            let done = arrival.bytes.readableBytes - rest.readableBytes
            if let limit = arrival.breaksOffAfter, done >= limit { throw BrokenOff() }
            if !isInterleaved, done * 2 >= arrival.bytes.readableBytes, let meanwhile = arrival.meanwhile {
                isInterleaved = true
                await meanwhile()
            }
            let count = Swift.min(arrival.length, rest.readableBytes)
            return count == 0 ? nil : rest.readSlice(length: count)
        }
    }
}
