import ArchiveCatalog
import DICOMCore
import NIOCore
import Platform
import Testing

@testable import ArchiveServices

@Suite struct `Instance manifest` {
    /// Written by hand from InstanceManifest.md with another program; must open for ever.
    private static let golden = """
        0101000647484622224000000000000001500000000000011170000102030405060708090a0b0c0d0e0f101112131415
        161718191a1b1c1d1e1f19312e322e3834302e31303030382e352e312e342e312e312e320b312e322e332e312e312e31
        07312e322e332e3109312e322e332e312e3113312e322e3834302e31303030382e312e322e31084d4f44414c49545900
        000003010203000000020908
        """

    private var manifest: InstanceManifest {
        InstanceManifest(
            path: InstancePath(
                studyInstanceUID: UID(literal: "1.2.3.1"),
                seriesInstanceUID: UID(literal: "1.2.3.1.1"),
                sopInstanceUID: UID(literal: "1.2.3.1.1.1")
            ),
            sopClassUID: UID(literal: "1.2.840.10008.5.1.4.1.1.2"),
            transferSyntaxUID: UID(literal: "1.2.840.10008.1.2.1"),
            dataSetOffset: 336,
            dataSetLength: 70_000,
            dataSetDigest: Array(0..<32),
            receivedAt: Timestamp(microseconds: 1_767_225_600_123_456),
            source: "MODALITY",
            header: [1, 2, 3],
            frameIndex: [9, 8]
        )
    }

    private var goldenBytes: [UInt8] {
        Hex.decode(Self.golden.filter { !$0.isWhitespace }) ?? []
    }

    @Test func `version 1 is written as its page says`() {
        #expect(Array(manifest.encoded().readableBytesView) == goldenBytes)
    }

    @Test func `version 1 is read as its page says`() {
        #expect(InstanceManifest(decoding: ByteBuffer(bytes: goldenBytes)) == manifest)
    }

    @Test func `a manifest without frame index has none after reading`() {
        var manifest = manifest
        manifest.frameIndex = nil

        #expect(InstanceManifest(decoding: manifest.encoded()) == manifest)
    }

    @Test func `a manifest cut anywhere, or of another version, is none`() {
        for length in 0..<goldenBytes.count {
            #expect(InstanceManifest(decoding: ByteBuffer(bytes: goldenBytes.prefix(length))) == nil)
        }
        #expect(InstanceManifest(decoding: ByteBuffer(bytes: [2] + goldenBytes.dropFirst())) == nil)
    }
}

@Suite struct `Taking a record back` {
    @Test func `a tombstone names the record that it takes back`() throws {
        let id = try #require(RandomID(hex: "000102030405060708090a0b0c0d0e0f"))

        #expect(Tombstone(decoding: ByteBuffer(bytes: [1] + Array(0..<16)))?.takenBack == id)
        #expect(Tombstone(decoding: ByteBuffer(bytes: [2] + Array(0..<16))) == nil)
        #expect(Tombstone(decoding: ByteBuffer(bytes: [1, 2, 3])) == nil)
    }
}
