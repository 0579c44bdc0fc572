import DICOMCore
import DICOMPixels
import FuzzProperties
import NIOCore

/// What must hold for each compressed frame, whatever the scheme.
struct FrameChecks {
    /// Those of one family of codecs.
    let transferSyntaxes: [TransferSyntax]

    /// Small, so that the fuzzer does not learn that large frames are slow.
    private static let limits = PixelLimits(frameLength: 1 << 18)
    /// Smaller still, for what is only parsed.
    private static let tiny = PixelLimits(frameLength: 1 << 10)

    /// Four bytes choose the Transfer Syntax, what group 0028 says, rows and columns; the rest is the frame.
    func check(_ input: ByteBuffer) throws(PropertyViolation) {
        var stream = input
        let choice = stream.takeChoice()
        guard let format = takeFormat(&stream) else { return }
        let transferSyntax = transferSyntax(choice)
        // The upper half of the choices has pixels in place of a stream: encoders meet any of them.
        guard choice < 0x80 else { return try encode(pixels(stream, format), transferSyntax) }
        guard let frame = try decode(stream, transferSyntax, format, Self.limits) else { return }
        let again = try decode(stream, transferSyntax, format, Self.limits)
        // A difference means that memory was read which nobody had written.
        try require(again == frame, "the same bytes give another frame the second time")
        if let frame = try? PixelFrame(frame.format, frame.bytes) { try encode(frame, transferSyntax) }
    }

    /// The same bytes as a stream, whatever the choice.
    func parse(_ input: ByteBuffer) throws(PropertyViolation) {
        var stream = input
        let choice = stream.takeChoice()
        guard let format = takeFormat(&stream) else { return }
        _ = try decode(stream, transferSyntax(choice), format, Self.tiny)
    }

    private func transferSyntax(_ choice: UInt8) -> TransferSyntax {
        transferSyntaxes[Int(choice & 0x7F) % transferSyntaxes.count]
    }

    private func takeFormat(_ stream: inout ByteBuffer) -> PixelFormat? {
        let layout = FrameLayouts.all[Int(stream.takeChoice()) % FrameLayouts.all.count]
        let rows = Int(stream.takeChoice()) + 1
        return layout.format(rows, Int(stream.takeChoice()) + 1)
    }

    private func decode(
        _ stream: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        _ format: PixelFormat,
        _ limits: PixelLimits
    ) throws(PropertyViolation) -> PixelFrame? {
        let expected = try? format.corrected(by: stream, in: transferSyntax).decoded(from: transferSyntax)
        do throws(PixelError) {
            let frame = try CodecLibrary.decode(stream, in: transferSyntax, as: format, limits: limits)
            try Self.demand(frame.format == expected, "the frame is \(frame.format)")
            try Self.demand(frame.bytes.readableBytes <= limits.frameLength, "the frame is beyond the limit")
            return frame
        } catch {
            try require(error.code != .notReversible, "\(error)")
            return nil
        }
    }

    /// What an encoder makes is read back as it was, where the scheme promises it; ``CodecLibrary`` compares.
    private func encode(_ frame: PixelFrame, _ transferSyntax: TransferSyntax) throws(PropertyViolation) {
        do throws(PixelError) {
            let options = EncodingOptions()
            let encoded = try CodecLibrary.encode(frame, in: transferSyntax, options: options, limits: Self.limits)
            try Self.demand(encoded.readableBytes % 2 == 0, "\(encoded.readableBytes) bytes, an odd number")
            let stored = try frame.format.encoded(in: transferSyntax)
            _ = try CodecLibrary.decode(encoded, in: transferSyntax, as: stored, limits: Self.limits)
        } catch {
            try require(
                [.notEncodable, .unsupported, .tooLarge, .badDescription].contains(error.code),
                "encoding \(frame.format) in \(transferSyntax): \(error)"
            )
        }
    }

    /// The bytes of an input as the pixels of a frame, again and again until it is full.
    private func pixels(_ bytes: ByteBuffer, _ format: PixelFormat) throws(PropertyViolation) -> PixelFrame {
        let pattern = bytes.readableBytes > 0 ? Array(bytes.readableBytesView) : [0]
        var exact = ByteBuffer()
        while exact.readableBytes < format.frameLength {
            exact.writeBytes(pattern.prefix(format.frameLength - exact.readableBytes))
        }
        guard let frame = try? PixelFrame(format, exact) else {
            throw PropertyViolation("\(format) does not take the bytes that it asks for")
        }
        return frame
    }

    /// A property that fails, in the shape of an error that no codec throws.
    private static func demand(_ holds: Bool, _ promise: String) throws(PixelError) {
        guard holds else { throw PixelError(.notReversible, promise) }
    }
}
