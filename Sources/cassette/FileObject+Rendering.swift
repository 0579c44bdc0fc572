import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

extension FileObject {
    /// The header with the tables, overlays and profiles that are only references in it.
    func headerForRendering() async throws -> DataSet {
        try await RenderingBulk.filled(
            scanned.dataSet,
            isBigEndian: scanned.part10.transferSyntax.isBigEndian
        ) { try await read([$0]) }
    }
}
