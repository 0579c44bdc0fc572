import ArchiveServices
import DICOMCore
import Testing

@testable import HTTPGateway

@Suite struct `Choosing what is made for whom` {
    private static let jpeg = "1.2.840.10008.1.2.4.50"
    private static let implicit = "1.2.840.10008.1.2"
    private static let explicit = "1.2.840.10008.1.2.1"
    private static let bigEndian = "1.2.840.10008.1.2.2"
    private static let rle = "1.2.840.10008.1.2.5"
    private static let lossless = "1.2.840.10008.1.2.4.70"
    private static let jpeg2000 = "1.2.840.10008.1.2.4.90"
    private static let htj2k = "1.2.840.10008.1.2.4.201"
    private static let mpeg = "1.2.840.10008.1.2.4.100"

    private func first(_ accept: String, _ stored: String, _ kind: RetrievedKind) throws -> RetrieveChoice? {
        let acceptance = RetrieveAcceptance(AcceptHeader([accept], limit: 64), allowsSingle: true)
        return acceptance.choices(for: TransferSyntax(uid: try #require(UID(stored))), kind).first
    }

    // Accepted, stored; the media type and Transfer Syntax that come, and whether they have to be made.
    @Test(arguments: [
        ("*/*", rle, "image/dicom-rle", rle, false),
        ("multipart/related; type=\"application/octet-stream\"", rle, "application/octet-stream", explicit, true),
        ("application/octet-stream", bigEndian, "application/octet-stream", explicit, true),
        ("application/octet-stream", implicit, "application/octet-stream", explicit, false),
        ("application/octet-stream; transfer-syntax=*", bigEndian, "application/octet-stream", bigEndian, false),
        ("image/jpeg", explicit, "image/jpeg", lossless, true),
        ("image/jpeg", jpeg, "image/jpeg", jpeg, false),
        ("image/jpeg; transfer-syntax=\(jpeg)", explicit, "image/jpeg", jpeg, true),
        ("image/jp2", explicit, "image/jp2", jpeg2000, true),
        ("image/jphc", jpeg2000, "image/jphc", htj2k, true),
        ("image/jphc;q=0.5, image/jp2", jpeg2000, "image/jp2", jpeg2000, false),
        ("text/html, image/x-dicom-rle", explicit, "image/x-dicom-rle", rle, true),
    ])
    func `frames come as they are stored where that is taken, else made`(
        accept: String,
        stored: String,
        mediaType: String,
        transferSyntax: String,
        isMade: Bool
    ) throws {
        let choice = try #require(try first(accept, stored, .frames))

        #expect(choice.mediaType == mediaType)
        #expect(choice.form.transferSyntaxUID.string == transferSyntax)
        #expect((choice.request != nil) == isMade)
    }

    @Test(arguments: [
        ("application/dicom", implicit, explicit), ("application/dicom", bigEndian, explicit),
        ("application/dicom", rle, explicit), ("application/dicom", explicit, explicit),
        // What has lost something may stay as it is (PS3.18 8.7.3.4).
        ("application/dicom", jpeg, jpeg), ("application/dicom", mpeg, mpeg),
        ("application/dicom; transfer-syntax=*", bigEndian, bigEndian), ("*/*", rle, rle),
        ("application/dicom; transfer-syntax=\(htj2k)", jpeg, htj2k),
    ])
    func `objects are in Explicit VR Little Endian unless something else is named`(
        accept: String,
        stored: String,
        expected: String
    ) throws {
        #expect(try first(accept, stored, .objects)?.form.transferSyntaxUID.string == expected)
    }

    @Test func `what loses is made for who names it, and for nobody else`() throws {
        let acceptance = RetrieveAcceptance(AcceptHeader(["image/*", "*/*"], limit: 64), allowsSingle: true)
        let named = try #require(try first("image/jpeg; transfer-syntax=\(Self.jpeg)", Self.explicit, .frames))

        let choices = acceptance.choices(for: .explicitVRLittleEndian, .frames)

        #expect(!choices.isEmpty)
        #expect(choices.allSatisfy { $0.request?.allowsLossy != true && $0.request?.target.lossyMethod == nil })
        #expect(named.request?.allowsLossy == true)
    }

    @Test func `of video nothing is made`() throws {
        #expect(try first("image/jpeg", Self.mpeg, .frames) == nil)
        #expect(try first("application/octet-stream", Self.mpeg, .frames) == nil)
        #expect(try first("video/mpeg", Self.mpeg, .frames)?.request == nil)
    }

    @Test func `what was refused is not offered, nor a compression of an object without frames`() throws {
        var failures = RetrieveFailures(stored: .explicitVRBigEndian, kind: .objects, hasFrames: true)
        let choice = try #require(try first("application/dicom; transfer-syntax=\(Self.rle)", Self.bigEndian, .objects))
        try failures.note(ArchiveError(.notMakeable, "no"), of: choice)
        let refusal = try #require(failures.error as? RequestError)
        let bare = RetrieveFailures(stored: .explicitVRBigEndian, kind: .objects, hasFrames: false)
        let native = try #require(bare.error as? RequestError)

        #expect(!refusal.available.contains { $0.hasSuffix("=" + Self.rle) })
        #expect(refusal.available.contains { $0.hasSuffix("=" + Self.jpeg2000) })
        #expect(refusal.available.contains { $0.hasSuffix("=" + Self.bigEndian) })
        #expect(native.available.count == 4)
        #expect(!native.available.contains { $0.hasSuffix("=" + Self.jpeg2000) })
    }

    @Test func `a refusal lists what is stored and what can be made`() {
        let refusal = RetrieveAcceptance.refusal(of: .rleLossless, .frames)

        #expect(refusal.available.contains { $0.contains(Self.rle) })
        #expect(refusal.available.contains { $0.contains(Self.explicit) })
        #expect(refusal.available.contains { $0.contains("image/jphc") })
    }
}

@Suite struct `Choosing how pictures are sent` {
    // Accepted; alone and of several: media type, as parts or not, nil for 406.
    @Test(arguments: [
        ("*/*", "image/jpeg", false, "image/jpeg"),
        ("image/png", "image/png", false, nil),
        ("image/*;q=0.5, image/gif", "image/gif", false, nil),
        ("multipart/related", "image/jpeg", true, "image/jpeg"),
        ("multipart/related; type=\"image/png\"", "image/png", true, "image/png"),
        ("multipart/related; type=\"text/html\", image/png", "image/png", false, nil),
        ("application/dicom", nil, false, nil),
    ])
    func `single media types are for one picture`(accept: String, one: String?, isMultipart: Bool, many: String?) {
        let header = AcceptHeader([accept], limit: 64)

        let single = try? RenderedAcceptance(header, allowsSingle: true)
        let several = try? RenderedAcceptance(header, allowsSingle: false)

        #expect(single?.mediaType == one)
        #expect(single == nil || single?.isMultipart == isMultipart)
        #expect(several?.mediaType == many)
        #expect(several?.isMultipart != false)
    }
}

@Suite struct `Reading the parameters of rendered resources` {
    private func order(_ query: String) throws -> Bool {
        _ = try RenderingParameters(try QueryItems(query))
        return true
    }

    @Test(arguments: [
        "", "window=40,400,linear", "window=-600.5,1e3,sigmoid", "viewport=100,100", "viewport=100,100,,,50,50",
        "quality=1", "quality=100", "annotation=patient", "annotation=technique,patient", "iccprofile=no", "x=y",
    ])
    func `what PS3.18 8.3.5 says is taken`(query: String) throws {
        #expect(try order(query))
    }

    @Test(arguments: [
        "window=40,400", "window=40,400,linear&window=40,400,linear", "viewport=0,1", "viewport=1", "quality=0",
        "quality=101", "quality=", "annotation=", "annotation=patient,", "iccprofile=srgb",
    ])
    func `what makes no sense is refused`(query: String) {
        #expect(throws: RequestError.self) { try order(query) }
    }

    @Test func `a thumbnail is small and whole`() throws {
        _ = try RenderingParameters.thumbnail(try QueryItems("viewport=64,64"))
        for query in ["viewport=64,64,1,1,2,2", "viewport=2049,1"] {
            #expect(throws: RequestError.self) { try RenderingParameters.thumbnail(try QueryItems(query)) }
        }
    }
}
