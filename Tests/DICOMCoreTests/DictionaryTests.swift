import DICOMCore
import Testing

@Suite struct `Looking up the dictionary` {
    @Test func `an element has its VR, multiplicity and names`() throws {
        let entry = try #require(DataElementDictionary.entry(for: .patientName))

        #expect(entry.vr == .pn)
        #expect(entry.vm == "1")
        #expect(entry.keyword == "PatientName")
        #expect(entry.name == "Patient's Name")
        #expect(!entry.isRetired)
    }

    @Test func `repeating groups and their odd neighbours are told apart`() {
        #expect(DataElementDictionary.entry(for: Tag(rawValue: 0x601E_3000))?.keyword == "OverlayData")
        #expect(DataElementDictionary.vr(of: Tag(rawValue: 0x5004_0005)) == .us)
        #expect(DataElementDictionary.entry(for: Tag(rawValue: 0x6001_3000)) == nil)
        #expect(DataElementDictionary.entry(for: Tag(rawValue: 0x6020_3000)) == nil)
    }

    @Test func `rules stand in where the table has no line`() {
        #expect(DataElementDictionary.vr(of: Tag(rawValue: 0x0009_0010)) == .lo)
        #expect(DataElementDictionary.vr(of: Tag(rawValue: 0x0009_0000)) == .ul)
        #expect(DataElementDictionary.vr(of: Tag(rawValue: 0x0009_1001)) == nil)
        #expect(DataElementDictionary.vr(of: Tag(rawValue: 0x0010_00FF)) == nil)
    }

    @Test func `of several VRs the one that holds all is taken`() {
        #expect(DataElementDictionary.vr(of: .pixelData) == .ow)
        #expect(DataElementDictionary.vr(of: .smallestImagePixelValue) == .us)
        #expect(DataElementDictionary.dependsOnPixelRepresentation(.smallestImagePixelValue))
        #expect(!DataElementDictionary.dependsOnPixelRepresentation(.rows))
    }

    @Test func `a keyword leads to its tag`() {
        #expect(DataElementDictionary.tag(forKeyword: "StudyInstanceUID") == Tag(rawValue: 0x0020_000D))
        #expect(DataElementDictionary.tag(forKeyword: "") == nil)
        #expect(DataElementDictionary.tag(forKeyword: "patientname") == nil)
    }

    @Test func `identifiers have names and kinds`() {
        #expect(TransferSyntax.explicitVRLittleEndian.name == "Explicit VR Little Endian")
        #expect(TransferSyntax(uid: UID(literal: "1.2.3")).name == "1.2.3")
        #expect(UIDDictionary.entry(for: UID(literal: "1.2.840.10008.1.1"))?.kind == .sopClass)
    }

    @Test func `storage classes are those that store`() {
        let classes = Set(UIDDictionary.storageSOPClasses.map(\.string))

        #expect(classes.contains("1.2.840.10008.5.1.4.1.1.2"))
        #expect(classes.contains("1.2.840.10008.5.1.4.1.1.1.1"))
        #expect(classes.contains("1.2.840.10008.5.1.4.38.1"))
        #expect(!classes.contains("1.2.840.10008.1.20.1"))
        #expect(!classes.contains("1.2.840.10008.5.1.4.1.1.201.2"))
        #expect(!classes.contains("1.2.840.10008.1.3.10"))
        #expect(classes.isDisjoint(with: UIDDictionary.retiredStorageSOPClasses.map(\.string)))
    }
}
