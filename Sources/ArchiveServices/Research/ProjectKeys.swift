import ArchiveCatalog
import Crypto
import Deidentification
import NIOCore
import Platform
import Sealing

/// The keys of one project, all from one key of the keyring: with that, every tie is gone.
struct ProjectKeys: Sendable {
    /// What follows from the project key itself.
    let key: ProjectKey
    private let pseudonyms: Pseudonyms
    private let lookup: SymmetricKey
    private let mapping: SymmetricKey
    private let projectID: RandomID

    /// Derives the keys.
    init(_ studyKey: StudyKey, of projectID: RandomID) throws(ArchiveError) {
        self.projectID = projectID
        let root = studyKey.recordKey(purpose: "project", recordID: projectID)
        let bytes = Array(HMAC<SHA256>.authenticationCode(for: Array("cassette/project/1".utf8), using: root))
        guard let key = ProjectKey(bytes: bytes) else {
            throw ArchiveError(.unavailable, "The key of the project cannot be made")
        }
        self.key = key
        pseudonyms = Pseudonyms(key: key)
        lookup = studyKey.recordKey(purpose: "project-lookup", recordID: projectID)
        mapping = studyKey.recordKey(purpose: "project-mapping", recordID: projectID)
    }

    /// The name of the project's key in the keyring.
    static func keyID(of projectID: RandomID, in keyring: Keyring) -> StudyKeyID {
        // No Study Instance UID, which names a study's key, holds a letter.
        keyring.keyID(for: Array(("cassette/project/1/" + projectID.hex).utf8))
    }

    /// The patient as the registry knows it.
    func token(of patient: PatientKey) -> RandomID {
        RandomID(hex: pseudonyms.token(of: patient)) ?? RandomID(high: 0, low: 0)
    }

    /// The pseudonym as the registry knows it.
    func lookupToken(of pseudonym: String) -> RandomID {
        let code = HMAC<SHA256>.authenticationCode(for: Array(pseudonym.utf8), using: lookup)
        return RandomID(bytes: Array(Array(code).prefix(16))) ?? RandomID(high: 0, low: 0)
    }

    /// Seals who stands behind a pseudonym.
    ///
    /// The nonce is drawn for each row (96 bits, at most a few millions of rows under one key), and the row's place is
    /// authenticated, so that a row that is put elsewhere does not open.
    func seal(_ patient: MappedPatient, token: RandomID, random: any RandomSource) throws -> [UInt8] {
        var plain = ByteBuffer()
        plain.writeInteger(Self.version)
        for text in [patient.pseudonym, patient.patientID, patient.issuer, patient.name, patient.studyInstanceUID] {
            let bytes = Array(text.utf8.prefix(Int(UInt16.max)))
            plain.writeInteger(UInt16(clamping: bytes.count))
            plain.writeBytes(bytes)
        }
        let box = try AES.GCM.seal(
            Array(plain.readableBytesView),
            using: mapping,
            nonce: try AES.GCM.Nonce(data: random.bytes(12)),
            authenticating: projectID.bytes + token.bytes
        )
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// Opens a row.
    ///
    /// - Throws: `.damaged`.
    func open(_ row: MappingRow) throws(ArchiveError) -> MappedPatient {
        do {
            let box = try AES.GCM.SealedBox(combined: row.sealed)
            let plain = try AES.GCM.open(box, using: mapping, authenticating: projectID.bytes + row.patient.bytes)
            var buffer = ByteBuffer(bytes: plain)
            guard buffer.readInteger(as: UInt8.self) == Self.version else {
                throw CryptoKitError.incorrectParameterSize
            }
            var texts: [String] = []
            while let length = buffer.readInteger(as: UInt16.self), let text = buffer.readString(length: Int(length)) {
                texts.append(text)
            }
            guard texts.count == 5 else { throw CryptoKitError.incorrectParameterSize }
            return MappedPatient(
                pseudonym: texts[0],
                patientID: texts[1],
                issuer: texts[2],
                name: texts[3],
                studyInstanceUID: texts[4]
            )
        } catch {
            throw ArchiveError(.damaged, "A row of the mapping table does not open: restore the registry from a backup")
        }
    }

    private static let version: UInt8 = 1
}

/// Who stands behind a pseudonym.
public struct MappedPatient: Sendable, Hashable {
    /// What the patient is called in the project.
    public let pseudonym: String
    /// Patient ID (0010,0020); empty for a study without one.
    public let patientID: String
    /// Issuer of Patient ID (0010,0021), or empty.
    public let issuer: String
    /// Patient's Name (0010,0010) as it was when the pseudonym was made, or empty.
    public let name: String
    /// The study that is a patient of its own, for want of a Patient ID; else empty.
    public let studyInstanceUID: String

    /// Names the patient.
    public init(pseudonym: String, patientID: String, issuer: String, name: String, studyInstanceUID: String) {
        self.pseudonym = pseudonym
        self.patientID = patientID
        self.issuer = issuer
        self.name = name
        self.studyInstanceUID = studyInstanceUID
    }
}
