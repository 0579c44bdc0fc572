import AccessControl
import ArchiveCatalog
import ArchiveServices
import DICOMCoding
import DICOMCore
import NIOCore
import Platform
import Testing

@Suite struct `Answering queries` {
    @Test func `an answer holds the wanted attributes and nothing else`() async throws {
        let archive = try await TestArchive()
        _ = try await archive.store(TestObject())
        let query = ArchiveQuery(
            level: .study,
            attributes: [.patientName, .numberOfStudyRelatedInstances, .accessionNumber]
        )

        let answers = try await archive.archive.query.find(query, as: TestArchive.administrator)

        let answer = try #require(answers.first)
        #expect(answers.count == 1)
        #expect(answer.elements.map(\.tag) == [.patientName, .numberOfStudyRelatedInstances])
        #expect(answer.string(.patientName) == "DOE^JANE")
        #expect(answer.integer(.numberOfStudyRelatedInstances) == 1)
    }

    @Test func `an attribute without a column comes from the header`() async throws {
        let archive = try await TestArchive()
        _ = try await archive.store(TestObject(extra: [.text(.patientComments, .lt, "fasting")]))
        let query = ArchiveQuery(level: .instance, attributes: [.patientComments])

        let answers = try await archive.archive.query.find(query, as: TestArchive.administrator)

        #expect(answers.first?.string(.patientComments) == "fasting")
    }

    @Test func `text in Latin-1 is answered in UTF-8 and says so`() async throws {
        let archive = try await TestArchive()
        // "Müller" in ISO 8859-1: PS3.3 C.12.1.1.2.
        let name = DataElement(
            tag: .patientName,
            vr: .pn,
            value: .bytes(ByteBuffer(bytes: [0x4D, 0xFC, 0x6C, 0x6C, 0x65, 0x72]))
        )
        _ = try await archive.store(TestObject(extra: [.text(.specificCharacterSet, .cs, "ISO_IR 100"), name]))
        let query = ArchiveQuery(level: .study, attributes: [.patientName])

        let answer = try #require(
            try await archive.archive.query.find(query, as: TestArchive.administrator).first
        )

        #expect(answer.string(.specificCharacterSet) == "ISO_IR 192")
        #expect(answer.string(.patientName) == "Müller")
    }

    @Test func `nobody but administrators reads headers and pixels`() async throws {
        let archive = try await TestArchive()
        _ = try await archive.store(TestObject())
        let instance = try await archive.instance(TestObject())
        let peer = Principal(.applicationEntity(AETitle(literal: "MODALITY")))

        await #expect(throws: ArchiveError.self) {
            _ = try await archive.archive.retrieve.payload(of: instance, as: peer)
        }
        #expect(throws: ArchiveError.self) {
            _ = try archive.archive.retrieve.archivedHeader(of: instance, as: peer)
        }
    }
}

@Suite struct `Reading objects out` {
    @Test(arguments: [1, 7, 600])
    func `a native frame is its own bytes`(frameNumber: Int) async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 600)
        _ = try await archive.store(object)

        let frame = try await archive.frame(frameNumber, of: object)

        let start = (frameNumber - 1) * object.frameLength
        #expect(frame == Array(object.pixels.readableBytesView[start..<start + object.frameLength]))
    }

    /// Two frames of 3 x 3 single bits: PS3.5 8.1.1 packs the first pixel into the least significant bit.
    @Test(arguments: [(1, [0b1010_1010, 0b1]), (2, [0b0110_0110, 0b0])])
    func `a frame of single bits begins at a byte wherever it is stored`(
        frameNumber: Int,
        expected: [UInt8]
    ) async throws {
        let archive = try await TestArchive()
        // Bits in order: frame 1 is 0 1 0 1 0 1 0 1 1, frame 2 is 0 1 1 0 0 1 1 0 0, then padding of 1s.
        let pixels = ByteBuffer(bytes: [0b1010_1010, 0b1100_1101, 0b1111_1100, 0b1111_1111])
        var object = TestObject(frames: 2)
        object.extra = [
            .unsignedShort(.rows, 3), .unsignedShort(.columns, 3), .unsignedShort(.bitsAllocated, 1),
            .unsignedShort(.bitsStored, 1), .unsignedShort(.highBit, 0),
            DataElement(tag: .pixelData, vr: .ob, value: .bytes(pixels)),
        ]
        _ = try await archive.store(object)

        #expect(try await archive.frame(frameNumber, of: object) == expected)
    }

    @Test func `a frame of a deflated object is read through the inflater`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(transferSyntax: .deflatedExplicitVRLittleEndian, frames: 600)
        _ = try await archive.store(object)

        let frame = try await archive.frame(600, of: object)

        #expect(frame == Array(object.pixels.readableBytesView.suffix(object.frameLength)))
    }

    @Test func `frames of a deflated object come in any order, forwards in one pass`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(transferSyntax: .deflatedExplicitVRLittleEndian, frames: 600)
        _ = try await archive.store(object)
        let pixels = Array(object.pixels.readableBytesView)

        for frameNumber in [1, 2, 2, 300, 600, 299, 301, 1] {
            let start = (frameNumber - 1) * object.frameLength
            #expect(
                try await archive.frame(frameNumber, of: object) == Array(pixels[start..<start + object.frameLength])
            )
        }
    }

    @Test(arguments: [0, 3, -1])
    func `a frame number beyond the frames is not found`(frameNumber: Int) async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 2)
        _ = try await archive.store(object)

        let error = await #expect(throws: ArchiveError.self) { _ = try await archive.frame(frameNumber, of: object) }

        #expect(error?.code == .notFound)
    }

    @Test func `metadata has all elements, bulk by reference`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 600)
        _ = try await archive.store(object)

        let metadata = try archive.archive.retrieve.archivedHeader(
            of: try await archive.instance(object),
            as: TestArchive.administrator
        ).dataSet()

        #expect(metadata.elements.map(\.tag) == object.dataSet.elements.map(\.tag))
        guard case .bulk(let bulk) = metadata[.pixelData]?.value else {
            Issue.record("Pixel Data is not by reference")
            return
        }
        #expect(bulk.length == UInt64(object.pixels.readableBytes))
    }

    @Test func `bulk data is the value's bytes`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 20)
        _ = try await archive.store(object)
        let stream = try await archive.archive.retrieve.bulkData(
            at: "7FE00010",
            of: try await archive.instance(object),
            as: TestArchive.administrator
        )

        var bytes: [UInt8] = []
        for try await chunk in stream { bytes.append(contentsOf: chunk.readableBytesView) }

        #expect(stream.length == UInt64(bytes.count))
        #expect(bytes == Array(object.pixels.readableBytesView))
    }

    @Test func `verification finds a flipped bit and names the instance`() async throws {
        let archive = try await TestArchive()
        let object = TestObject(frames: 50)
        _ = try await archive.store(object)
        let sound = try await archive.archive.verification.verify(as: TestArchive.administrator) { _ in }
        try archive.flipBit(of: object, in: try await archive.instance(object))

        let report = try await archive.archive.verification.verify(as: TestArchive.administrator) { _ in }

        #expect(sound.checked == 1 && sound.damaged.isEmpty)
        #expect(report.damaged.map(\.sopInstanceUID) == [object.instance])
    }
}

extension TestArchive {
    func frame(_ frameNumber: Int, of object: TestObject) async throws -> [UInt8] {
        let stream = try await archive.retrieve.frame(
            frameNumber,
            of: try await instance(object),
            as: Self.administrator
        )
        var bytes: [UInt8] = []
        for try await chunk in stream { bytes.append(contentsOf: chunk.readableBytesView) }
        return bytes
    }

    /// Damages the stored payload on disk.
    func flipBit(of object: TestObject, in instance: ArchivedInstance) throws {
        let location = instance.record.location
        let disk = PosixDisk()
        let open = folder.path + "/packs/open/" + location.packID.hex
        let sealed = folder.path + "/packs/" + location.packID.hex.prefix(2) + "/" + location.packID.hex + ".pack"
        let candidates = [open, open + ".pack", sealed]
        let path = try candidates.first { try disk.exists($0) } ?? open
        let file = try disk.open(path, .readWrite)
        let place = location.recordOffset + location.recordLength / 2
        var byte = try file.read(at: place, count: 1)
        let value = byte.readInteger(as: UInt8.self) ?? 0
        try file.write(ByteBuffer(integer: value ^ 0x10), at: place)
        try file.close()
    }
}
