import DICOMCore
import Testing

@testable import HTTPGateway

@Suite struct `Negotiating what is sent` {
    private static let jpeg = "1.2.840.10008.1.2.4.50"
    private static let explicit = "1.2.840.10008.1.2.1"
    private static let bigEndian = "1.2.840.10008.1.2.2"

    // What dicomweb-client, OHIF, curl and the standard's examples send; the expected media type, or nil for 406.
    @Test(arguments: [
        ("*/*", jpeg, "image/jpeg"),
        ("multipart/related", jpeg, "image/jpeg"),
        ("multipart/related; type=\"*/*\"", jpeg, "image/jpeg"),
        ("multipart/related; type=\"image/jpeg\"", jpeg, "image/jpeg"),
        ("multipart/related; type=\"image/jpeg\"; transfer-syntax=\(jpeg)", jpeg, "image/jpeg"),
        ("multipart/related; type=\"image/jpeg\"; transfer-syntax=1.2.840.10008.1.2.4.70", jpeg, nil),
        ("multipart/related; type=application/octet-stream; transfer-syntax=*", jpeg, "application/octet-stream"),
        ("multipart/related; type=\"application/octet-stream\"", jpeg, nil),
        ("multipart/related; type=\"image/jp2\"", jpeg, nil),
        ("multipart/related; type=\"application/octet-stream\"", explicit, "application/octet-stream"),
        ("multipart/related; type=\"application/octet-stream\"", "1.2.840.10008.1.2", "application/octet-stream"),
        (
            "multipart/related; type=\"application/octet-stream\"; transfer-syntax=\(explicit)", explicit,
            "application/octet-stream"
        ),
        ("multipart/related; type=\"application/octet-stream\"", bigEndian, nil),
        (
            "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*", bigEndian,
            "application/octet-stream"
        ),
        ("multipart/related; type=\"image/x-jls\"", "1.2.840.10008.1.2.4.80", "image/x-jls"),
        ("image/jpeg;q=0.1, text/html", jpeg, "image/jpeg"),
        ("text/html", jpeg, nil),
    ])
    func `frames are sent as stored, or not at all`(accept: String, stored: String, mediaType: String?) throws {
        let form = Representation.frames(TransferSyntax(uid: try #require(UID(stored))))
        let acceptance = RetrieveAcceptance(AcceptHeader([accept], limit: 64), allowsSingle: true)

        let packaging = acceptance.packaging(for: [form])

        #expect(packaging.flatMap { acceptance.mediaType(for: form, packaging: $0) } == mediaType)
    }

    @Test(arguments: [
        ("*/*", true), ("application/dicom; transfer-syntax=*", true), ("application/*; transfer-syntax=*", true),
        ("multipart/related; type=\"application/dicom\"; transfer-syntax=*", true), ("application/dicom", false),
        ("image/jpeg; transfer-syntax=*, application/dicom; q=0.5", false),
        ("multipart/related; type=\"image/jpeg\"; transfer-syntax=*, application/dicom; q=0.5", false),
        ("text/html", false),
    ])
    func `only who takes whole objects as they are stored takes all as they are stored`(accept: String, takes: Bool) {
        #expect(RetrieveAcceptance(AcceptHeader([accept], limit: 64), allowsSingle: true).takesStored == takes)
    }

    @Test func `bytes travel alone only when they are the only ones and asked for so`() {
        let form = Representation.object(.explicitVRLittleEndian)
        let single = AcceptHeader(["application/dicom"], limit: 64)

        #expect(RetrieveAcceptance(single, allowsSingle: true).packaging(for: [form]) == .single)
        #expect(RetrieveAcceptance(single, allowsSingle: false).packaging(for: [form]) == nil)
        #expect(
            RetrieveAcceptance(AcceptHeader([], limit: 64), allowsSingle: true).packaging(for: [form]) == .multipart
        )
    }

    @Test func `a refusal lists what there is`() {
        let refusal = RetrieveAcceptance.refusal([.object(.implicitVRLittleEndian)])

        #expect(
            refusal.available == ["multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2"]
        )
    }
}
