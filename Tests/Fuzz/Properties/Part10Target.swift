import DICOMCoding
import DICOMCore
public import NIOCore

/// DICOM files (PS3.10 7.1), as far as the object in them.
public enum Part10Target: FuzzTarget {
    /// As the folder of its corpus.
    public static let name = "Part10"

    private static let implementationClassUID = UID(literal: "1.2.3.4.5")

    /// The first byte chooses the pieces, the rest is the file.
    public static func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var file = input
        let seed = file.takeChoice()
        let pieces = file.pieces(seed: seed)
        let whole = File(decoding: [file])
        let cut = File(decoding: pieces)
        try require(whole == cut, "pieces give \(cut), the whole gives \(whole)")
        guard let header = try checkDataSet(of: whole, in: file) else { return }
        try checkMetaInformation(header)
        try checkNewHeader(for: header)
        try RewritingProperties.check(file, seed: seed, limits: DataSetTarget.limits)
        _ = try InstanceProperties.check(
            whole.dataSet.pieces(seed: seed),
            header.transferSyntax,
            limits: DataSetTarget.limits,
            thresholds: BulkThresholds()
        )
    }

    /// The file as a whole or in pieces, as the first byte says.
    public static func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        var file = input
        let seed = file.takeChoice()
        _ = try checkDataSet(of: File(decoding: seed & 0x10 == 0 ? [file] : file.pieces(seed: seed)), in: file)
    }

    /// Everything behind the header is the Data Set; without a header there is an error.
    private static func checkDataSet(of read: File, in file: ByteBuffer) throws(PropertyViolation) -> Part10Header? {
        guard let header = read.header else {
            try require(read.error != nil, "neither a header nor an error")
            return nil
        }
        let rest = file.getSlice(at: file.readerIndex + Int(header.dataSetOffset), length: read.dataSet.readableBytes)
        try require(
            header.dataSetOffset + UInt64(read.dataSet.readableBytes) == UInt64(file.readableBytes)
                && rest == read.dataSet,
            "the Data Set is not what stands behind the header of \(header.dataSetOffset) bytes"
        )
        return header
    }

    private struct File: Hashable {
        var header: Part10Header?
        var dataSet = ByteBuffer()
        var error: DataSetError?

        init(decoding pieces: [ByteBuffer]) {
            var decoder = Part10Decoder()
            do throws(DataSetError) {
                for piece in pieces {
                    if let bytes = try decoder.read(piece) { dataSet.writeImmutableBuffer(bytes) }
                }
                if let bytes = try decoder.finish() { dataSet.writeImmutableBuffer(bytes) }
                header = decoder.header
            } catch {
                self.error = error
            }
        }
    }

    /// File Meta Information is written and read back without change.
    private static func checkMetaInformation(_ header: Part10Header) throws(PropertyViolation) {
        let meta = header.fileMetaInformation.dataSet
        guard meta[.transferSyntaxUID] != nil else { return }
        let once = try encoded(meta)
        let first = File(decoding: [once])
        guard let read = first.header else {
            throw PropertyViolation("written File Meta Information is refused: \(String(describing: first.error))")
        }
        try require(
            read.transferSyntax == header.transferSyntax && read.quirks.isEmpty
                && read.dataSetOffset == UInt64(once.readableBytes),
            "written File Meta Information has quirks: \(read)"
        )
        let again = try encoded(read.fileMetaInformation.dataSet)
        try require(again == once, "File Meta Information is written in another way than it was read")
    }

    private static func encoded(_ meta: DataSet) throws(PropertyViolation) -> ByteBuffer {
        var bytes = ByteBuffer(repeating: 0, count: 128)
        bytes.writeString("DICM")
        do throws(DataSetError) {
            bytes.writeImmutableBuffer(try DataSetEncoder.encodeGroup(2, of: meta, in: .explicitVRLittleEndian))
        } catch {
            throw PropertyViolation("File Meta Information is not encodable: \(error)")
        }
        return bytes
    }

    /// The header that the archive would put in front of such an object is read as it was meant.
    private static func checkNewHeader(for header: Part10Header) throws(PropertyViolation) {
        let meta = header.fileMetaInformation
        guard let sopClassUID = meta.mediaStorageSOPClassUID,
            let sopInstanceUID = meta.mediaStorageSOPInstanceUID
        else { return }
        let bytes: ByteBuffer
        do throws(DataSetError) {
            bytes = try Part10Header.encoded(
                sopClassUID: sopClassUID,
                sopInstanceUID: sopInstanceUID,
                transferSyntax: header.transferSyntax,
                sourceAETitle: meta.sourceAETitle,
                implementationClassUID: implementationClassUID,
                implementationVersionName: "FUZZ"
            )
        } catch {
            throw PropertyViolation("a header is not encodable: \(error)")
        }
        let read = File(decoding: [bytes])
        try require(
            read.header?.quirks.isEmpty == true && read.header?.transferSyntax == header.transferSyntax
                && read.header?.fileMetaInformation.mediaStorageSOPInstanceUID == sopInstanceUID
                && read.header?.fileMetaInformation.sourceAETitle == meta.sourceAETitle
                && read.dataSet.readableBytes == 0,
            "a new header is read as \(read)"
        )
    }
}
