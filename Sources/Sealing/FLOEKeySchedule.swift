import Crypto
import NIOCore

/// The keys of one FLOE stream, all by HKDF-Expand-SHA-384 from the stream key, the parameters, the IV and the associated data.
struct FLOEKeySchedule: Sendable {
    /// Commits to the key, the parameters, the IV, and the associated data.
    let headerTag: SymmetricKey
    private let messageKey: SymmetricKey
    private let prefix: [UInt8]
    private let associatedData: [UInt8]
    private let rotationBits: UInt64
    private var cachedEpoch: UInt64?
    private var cachedKey: SymmetricKey

    init(key: SymmetricKey, associatedData: [UInt8], parameters: FLOEParameters, iv: some Sequence<UInt8>) {
        let prefix = parameters.encoded + Array(iv)
        self.prefix = prefix
        self.associatedData = associatedData
        rotationBits = parameters.rotationBits
        func derive(_ purpose: String, _ count: Int) -> SymmetricKey {
            Self.expand(key, info: prefix + Array(purpose.utf8) + associatedData, count: count)
        }
        headerTag = derive("HEADER_TAG:", FLOEParameters.tagLength)
        let messageKey = derive("MESSAGE_KEY:", 48)
        self.messageKey = messageKey
        cachedKey = messageKey
    }

    /// The AES key of a segment: a new one every 2^rotationBits segments.
    mutating func segmentKey(_ index: UInt64) -> SymmetricKey {
        let epoch = index >> rotationBits
        if epoch == cachedEpoch { return cachedKey }
        let masked = epoch << rotationBits
        let purpose = Array("DEK:".utf8) + masked.bigEndianBytes
        cachedKey = Self.expand(messageKey, info: prefix + purpose + associatedData, count: 32)
        cachedEpoch = epoch
        return cachedKey
    }

    /// The associated data of one segment: its index, and whether it is the last.
    static func segmentAssociatedData(_ index: UInt64, isLast: Bool) -> [UInt8] {
        index.bigEndianBytes + [isLast ? 1 : 0]
    }

    private static func expand(_ key: SymmetricKey, info: [UInt8], count: Int) -> SymmetricKey {
        HKDF<SHA384>.expand(pseudoRandomKey: key, info: info, outputByteCount: count)
    }
}

extension FixedWidthInteger {
    /// The bytes, most significant first.
    var bigEndianBytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> Self($0)) }
    }
}
