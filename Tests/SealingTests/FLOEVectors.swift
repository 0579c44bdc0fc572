import Crypto
import Foundation
import NIOCore
import Platform
import Testing

@testable import Sealing

/// Streams that other programs have sealed.
struct FLOEVector: Sendable, CustomTestStringConvertible {
    let name: String
    let key: SymmetricKey
    let parameters: FLOEParameters
    let associatedData: [UInt8]
    let plaintext: [UInt8]
    let sealed: ByteBuffer

    var testDescription: String { name }

    /// Made by floe.py beside them.
    static func committed() throws -> [FLOEVector] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Vectors")
        let text = try String(contentsOf: folder.appendingPathComponent("floe.txt"), encoding: .utf8)
        return try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            let fields = line.split(separator: " ")
            guard
                fields.count == 5, let segmentLength = Int(fields[0]), let bits = UInt64(fields[1]),
                let associatedData = Hex.decode(fields[2]),
                let plaintext = Hex.decode(fields[3] == "-" ? "" : fields[3]),
                let sealed = Hex.decode(fields[4])
            else { throw SealingError(.malformedHeader) }
            return FLOEVector(
                name: "\(segmentLength) bytes a segment, \(plaintext.count) in all",
                key: SymmetricKey(data: Array(0..<32 as Range<UInt8>)),
                parameters: try FLOEParameters(segmentLength: segmentLength, rotationBits: bits),
                associatedData: associatedData,
                plaintext: plaintext,
                sealed: ByteBuffer(bytes: sealed)
            )
        }
    }

    /// Where the public vectors lie: FLOE_VECTORS, or beside the package.
    static var publicFolder: URL {
        if let path = ProcessInfo.processInfo.environment["FLOE_VECTORS"] { return URL(fileURLWithPath: path) }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/data/floe")
    }

    static var hasPublicVectors: Bool { FileManager.default.fileExists(atPath: publicFolder.path) }

    /// Written by the four public implementations; none when the folder is not there.
    static func published() throws -> [FLOEVector] {
        guard hasPublicVectors else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: publicFolder.path).sorted()
            .filter { $0.hasSuffix("_ct.txt") }.map { name in
                func read(_ name: String) throws -> [UInt8] {
                    let text = try String(contentsOf: publicFolder.appendingPathComponent(name), encoding: .utf8)
                    return Hex.decode(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? []
                }
                let sealed = ByteBuffer(bytes: try read(name))
                return FLOEVector(
                    name: name,
                    key: SymmetricKey(data: [UInt8](repeating: 0, count: 32)),
                    parameters: try FLOEParameters(header: sealed, rotationBits: name.contains("rotation") ? 2 : 20),
                    associatedData: Array("This is AAD".utf8),
                    plaintext: try read(name.replacingOccurrences(of: "_ct", with: "_pt")),
                    sealed: sealed
                )
            }
    }

    /// Opens the whole stream as a reader does that knows only the sealed bytes.
    func open(_ sealed: ByteBuffer) throws -> [UInt8] {
        try FLOEVector.open(sealed, key: key, associatedData: associatedData, rotationBits: parameters.rotationBits)
    }

    static func open(
        _ sealed: ByteBuffer,
        key: SymmetricKey,
        associatedData: [UInt8],
        rotationBits: UInt64 = 20
    ) throws -> [UInt8] {
        var rest = sealed
        guard let header = rest.readSlice(length: FLOEParameters.headerLength) else {
            throw SealingError(.malformedHeader)
        }
        var opener = try FLOEOpener(
            key: key,
            associatedData: associatedData,
            header: header,
            parameters: FLOEParameters(header: header, rotationBits: rotationBits)
        )
        let layout = try FLOELayout(sealedLength: UInt64(sealed.readableBytes), parameters: opener.parameters)
        var plaintext = ByteBuffer()
        for index in 0..<layout.segmentCount {
            let place = try layout.bytes(ofSegments: index..<index + 1)
            guard let segment = rest.readSlice(length: place.count) else { throw SealingError(.malformedSegment) }
            try opener.open(segment: segment, index: index, isLast: layout.isLast(index), into: &plaintext)
        }
        return Array(plaintext.readableBytesView)
    }
}
