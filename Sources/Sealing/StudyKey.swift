public import Crypto
public import Platform

/// The key of one study.
///
/// What is stored is sealed under keys derived from it.
public struct StudyKey: Sendable {
    /// Names the key in packs and in the keyring.
    public let id: StudyKeyID
    /// Counts the keys that this study has had, from 1.
    public let generation: UInt32

    private let key: SymmetricKey

    /// Makes a study key from its 32 bytes.
    public init(id: StudyKeyID, generation: UInt32, key: SymmetricKey) {
        self.id = id
        self.generation = generation
        self.key = key
    }

    /// The key of one stream of one record, which is used for nothing else.
    ///
    /// HKDF-Expand-SHA-256(study key, "cassette/record/1" | u8 length of purpose | purpose | record id, 32).
    ///
    /// - Parameter purpose: A constant of the program, at most 255 bytes.
    public func recordKey(purpose: String, recordID: RandomID) -> SymmetricKey {
        precondition(purpose.utf8.count <= 255, "the purpose of a record key is a short constant")
        let info =
            Array("cassette/record/1".utf8) + [UInt8(purpose.utf8.count)] + Array(purpose.utf8) + recordID.bytes
        return HKDF<SHA256>.expand(pseudoRandomKey: key, info: info, outputByteCount: 32)
    }
}

extension StudyKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The id and the generation, not the key.
    public var description: String { "StudyKey(" + id.hex + ", generation " + String(generation) + ")" }

    /// The id and the generation, not the key.
    public var debugDescription: String { description }

    /// The id and the generation, not the key.
    public var customMirror: Mirror { Mirror(self, children: ["id": id, "generation": generation]) }
}
