import DICOMCoding
import DICOMCore
import Deidentification
import NIOCore

extension ObjectDeidentification {
    /// The header that the new object has, without bulk, when nothing in it identifies the patient; `nil` otherwise.
    ///
    /// Pixels are not looked at: what an object's pixels keep back is kept back when the object is asked for.
    ///
    /// - Parameter additions: Elements that the new object gets besides.
    func header(
        _ original: DataSet,
        _ transferSyntax: TransferSyntax,
        _ patient: Patient,
        adding additions: DataSet
    ) -> DataSet? {
        guard let sopClassUID = original.uid(.sopClassUID) else { return nil }
        do {
            var object = try deidentifier.transform(
                header: original,
                sopClassUID: sopClassUID,
                transferSyntax: transferSyntax,
                pseudonyms: pseudonyms,
                texts: patient.texts
            )
            object.describePixels(additions, removing: [])
            let header = object.header.withoutBulk()
            var scanner = LeakScanner(
                patient.patterns,
                original: SubjectIdentifiers(collecting: original, fileMeta: DataSet())
                    .unwanted(by: deidentifier.profile),
                limits: .deidentified
            )
            scanner.append(
                try FileHeader.encoded(
                    sopClassUID: object.sopClassUID,
                    sopInstanceUID: object.sopInstanceUID,
                    transferSyntax: .explicitVRLittleEndian,
                    source: ""
                )
            )
            scanner.append(try DataSetEncoder.encode(header, in: .explicitVRLittleEndian))
            return scanner.finish().isEmpty ? header : nil
        } catch {
            // What cannot be made or written is not shown.
            return nil
        }
    }
}
