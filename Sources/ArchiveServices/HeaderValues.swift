import ArchiveCatalog
import DICOMCore

/// The column values that a header gives.
enum HeaderValues {
    static func values(of header: DataSet) -> CatalogValues {
        var values = CatalogValues()
        let characterSet = header.specificCharacterSet
        // Scheduled Procedure Step ID and Requested Procedure ID stand in the items of the request (PS3.3 10.6).
        let request = header.items(.requestAttributesSequence).first
        for attribute in CatalogAttribute.all {
            let source = request.flatMap { $0[attribute.tag] == nil ? nil : $0 } ?? header
            guard let element = source[attribute.tag] else { continue }
            let texts =
                element.vr.isText ? element.strings(characterSet) : element.integers.map { String($0) }
            let normalized = texts.compactMap { CatalogValue.normalized($0, attribute.kind) }
            let joined = normalized.joined(separator: "\\")
            if normalized.contains(where: { !$0.isEmpty }) {
                values[attribute] = joined
            }
        }
        return values
    }
}
