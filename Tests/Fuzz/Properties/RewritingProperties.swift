import DICOMCoding
import DICOMCore
import NIOCore

/// What must hold for files that are written in another Transfer Syntax.
enum RewritingProperties {
    private static let implementationClassUID = UID(literal: "1.2.3.4.5")

    /// A Data Set is put into a file, and rewriting by a detour gives the same bytes as rewriting directly.
    static func check(
        _ bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        seed: UInt8,
        limits: DataSetLimits
    ) throws(PropertyViolation) {
        var file: ByteBuffer
        do throws(DataSetError) {
            file = try Part10Header.encoded(
                sopClassUID: UID(literal: "1.2"),
                sopInstanceUID: UID(literal: "1.3"),
                transferSyntax: transferSyntax,
                implementationClassUID: implementationClassUID,
                implementationVersionName: "FUZZ"
            )
        } catch {
            throw PropertyViolation("a header is not encodable: \(error)")
        }
        file.writeImmutableBuffer(bytes)
        try check(file, seed: seed, limits: limits)
    }

    /// Rewriting by a detour gives the same bytes as rewriting directly, in pieces the same as in one.
    static func check(_ file: ByteBuffer, seed: UInt8, limits: DataSetLimits) throws(PropertyViolation) {
        // Without VRs private elements become UN: nothing is compared, but nothing may trap.
        guard let direct = rewrite([file], .explicitVRLittleEndian, limits) else {
            _ = rewrite([file], .implicitVRLittleEndian, limits)
            return
        }
        let cut = rewrite(file.pieces(seed: seed), .explicitVRLittleEndian, limits)
        try require(cut?.bytes == direct.bytes, "pieces are rewritten as other bytes than the whole")
        if seed % 4 == 0 { _ = rewrite([file], .implicitVRLittleEndian, limits) }
        // What the reader may take for the other byte order; and items whose VRs are lost inside UN.
        guard !looksOtherwise(direct.bytes), !direct.quirks.contains(.explicitVRItem) else { return }
        let detour: TransferSyntax = seed % 16 == 0 ? .deflatedExplicitVRLittleEndian : .explicitVRBigEndian
        var generous = limits
        generous.instanceLength *= 4
        generous.inflatedLength *= 4
        generous.headerLength *= 2
        generous.valueLength *= 2
        generous.inflationRatio = .max
        guard let there = rewrite([file], detour, limits) else {
            throw PropertyViolation("what can be written with little endian cannot be in \(detour)")
        }
        guard let back = rewrite([there.bytes], .explicitVRLittleEndian, generous) else {
            throw PropertyViolation("what was written in \(detour) is refused")
        }
        try require(back.bytes == direct.bytes, "by way of \(detour) other bytes are written than directly")
    }

    /// Whether the first element makes sense in the other byte order only, so that the reader takes it for that.
    private static func looksOtherwise(_ file: ByteBuffer) -> Bool {
        var decoder = Part10Decoder()
        do throws(DataSetError) {
            _ = try decoder.read(file)
        } catch {
            return false
        }
        guard let offset = decoder.header.map({ file.readerIndex + Int($0.dataSetOffset) }),
            let group = file.getInteger(at: offset, endianness: .little, as: UInt16.self)
        else { return false }
        return group > 0x0020 && group & 0x00FF == 0
    }

    private static func rewrite(
        _ pieces: [ByteBuffer],
        _ target: TransferSyntax,
        _ limits: DataSetLimits
    ) -> (bytes: ByteBuffer, quirks: Set<Quirk.Kind>)? {
        var transcoder = FileTranscoder(
            to: target,
            limits: limits,
            implementationClassUID: implementationClassUID,
            implementationVersionName: "FUZZ"
        )
        var bytes = ByteBuffer()
        do throws(DataSetError) {
            for piece in pieces { bytes.writeImmutableBuffer(try transcoder.transcode(piece)) }
            bytes.writeImmutableBuffer(try transcoder.finish())
        } catch {
            return nil
        }
        return (bytes, Set(transcoder.quirks.map(\.kind)))
    }
}
