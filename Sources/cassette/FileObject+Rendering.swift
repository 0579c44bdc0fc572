import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

extension FileObject {
    /// The header with the tables, overlays and profiles that are only references in it.
    func headerForRendering() async throws -> DataSet {
        let header = scanned.dataSet
        var values: [BulkValue: ByteBuffer] = [:]
        for value in RenderingBulk.values(in: header) {
            let (end, overflow) = value.offset.addingReportingOverflow(value.length)
            guard !overflow, !value.isEncapsulated else { continue }
            values[value] = try await read([value.offset..<end])
        }
        return RenderingBulk.filled(header, with: values, isBigEndian: scanned.part10.transferSyntax.isBigEndian)
    }
}
