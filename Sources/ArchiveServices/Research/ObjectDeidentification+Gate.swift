import DICOMCore
import DICOMPixels
import Deidentification
import NIOCore

/// An object that was made, read to its end, and found free of what identifies its patient.
struct GatedObject: Sendable {
    let content: ExportContent
    let object: DeidentifiedObject
    /// The Transfer Syntax in which it is written.
    let transferSyntax: TransferSyntax
    /// The original's patient, as the original says.
    let patient: PatientKey
    /// Frames that went through the cleaner.
    let frameCount: Int
}

/// What the gate says of an object.
enum GateVerdict: Sendable {
    case passed(GatedObject)
    /// It stays; a word for tables, and why.
    case refused(code: String, text: String)
}

extension ObjectDeidentification {
    /// Makes a new object and looks for the patient in all its bytes, of which nothing is written anywhere.
    ///
    /// - Parameters:
    ///   - additions: Elements that the new object gets besides.
    ///   - limit: Longer objects are not kept in memory, but made a second time when they leave.
    /// - Throws: What reading the original throws.
    func gated(
        _ original: OriginalObject,
        _ patient: Patient,
        adding additions: (SurveyedObject) -> DataSet,
        keeping limit: Int
    ) async throws -> GateVerdict {
        do {
            switch try await prepare(original, patient, adding: additions) {
            case .excluded(let reason): return .refused(code: "pixels", text: reason)
            case .ready(let prepared): return try await gated(prepared, patient, keeping: limit)
            }
        } catch let error as DeidentificationError {
            return .refused(code: error.code, text: error.description)
        } catch let error as PixelError {
            return .refused(code: "pixels", text: error.description)
        }
    }

    private func gated(
        _ prepared: PreparedObject,
        _ patient: Patient,
        keeping limit: Int
    ) async throws -> GateVerdict {
        var scanner = scanner(for: prepared, patient)
        var digest = ContentDigest()
        var kept: ByteBuffer? = ByteBuffer()
        let frameCount = try await write(prepared) { bytes in
            scanner.append(bytes)
            digest.update(bytes)
            if digest.length > UInt64(limit) { kept = nil } else { kept?.writeImmutableBuffer(bytes) }
        }
        let leaks = scanner.finish()
        guard leaks.isEmpty else { return .refused(code: "leak", text: Self.text(of: leaks)) }
        let replacement = try prepared.pixels.flatMap { try self.replacement($0) }
        let content = ExportContent(digest, bytes: kept) { take in _ = try await self.write(prepared, take) }
        return .passed(
            GatedObject(
                content: content,
                object: prepared.object,
                transferSyntax: prepared.transferSyntax(replacement),
                patient: self.patient(of: prepared.survey.header),
                frameCount: frameCount
            )
        )
    }
}
