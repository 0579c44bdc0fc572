package import DICOMCore
import NIOCore

/// How Pixel Data is written.
package enum PixelDataForm: Sendable, Hashable {
    /// One value: its VR, and the bits of each frame.
    case native(vr: VR, bitsPerFrame: UInt64, frameCount: Int)
    /// A fragment for each frame (PS3.5 A.4).
    case encapsulated

    /// Bytes of a native value without padding; `nil` beyond 64 bits.
    var length: UInt64? {
        guard case .native(_, let bitsPerFrame, let frameCount) = self else { return 0 }
        let (bits, overflow) = bitsPerFrame.multipliedReportingOverflow(by: UInt64(frameCount))
        return overflow || bits > .max - 7 ? nil : (bits + 7) / 8
    }

    /// Whether the length of a native value fits its length field.
    package var fits: Bool { length.map { $0 < UInt64(UInt32.max) - 1 } ?? false }
}

/// Writes frames that were made as Pixel Data, one after the other.
struct PixelDataWriter: Sendable {
    private let form: PixelDataForm
    private var joiner: FrameJoiner
    private var written: UInt64 = 0
    private var isBigEndian = false

    init(_ form: PixelDataForm) {
        self.form = form
        if case .native(_, let bitsPerFrame, _) = form {
            joiner = FrameJoiner(bitsPerFrame: bitsPerFrame)
        } else {
            joiner = FrameJoiner(bitsPerFrame: 8)
        }
    }

    /// Writes what stands in front of the frames.
    ///
    /// - Throws: `.notEncodable` when they are longer than a length field can tell.
    mutating func begin(_ rewriter: inout DataSetRewriter) throws(DataSetError) {
        switch form {
        case .native(let vr, _, _):
            guard form.fits, let length = form.length else {
                throw DataSetError(.notEncodable, at: 0, path: [.pixelData])
            }
            rewriter.writer.writeHeader(.pixelData, vr, length: UInt32(length + length % 2))
        case .encapsulated:
            rewriter.writer.writeHeader(.pixelData, .ob, length: .max)
            // An empty Basic Offset Table: offsets are not known before the frames are made.
            rewriter.writer.writeMarker(.item, length: 0)
        }
    }

    /// Writes the next frame.
    ///
    /// - Throws: `.notEncodable` for a frame of another length than the form says.
    mutating func write(_ frame: ByteBuffer, _ rewriter: inout DataSetRewriter) throws(DataSetError) {
        switch form {
        case .native(_, let bitsPerFrame, _):
            guard UInt64(frame.readableBytes) == (bitsPerFrame + 7) / 8 else {
                throw DataSetError(.notEncodable, at: 0, path: [.pixelData])
            }
            append(joiner.join(frame), &rewriter)
        case .encapsulated:
            let isOdd = frame.readableBytes % 2 == 1
            rewriter.writer.writeMarker(.item, length: UInt32(frame.readableBytes + (isOdd ? 1 : 0)))
            rewriter.writer.bytes.writeImmutableBuffer(frame)
            if isOdd { rewriter.writer.bytes.writeInteger(0 as UInt8) }
        }
    }

    /// Writes what stands behind the frames.
    mutating func end(_ rewriter: inout DataSetRewriter) {
        switch form {
        case .native:
            append(joiner.finish(), &rewriter)
            if written % 2 == 1 { append(ByteBuffer(bytes: [0]), &rewriter) }
        case .encapsulated: rewriter.writer.writeMarker(.sequenceDelimitationItem, length: 0)
        }
    }

    // Big-endian words that an odd frame cuts are put together by the padding of the whole; frames of 16 bits and more
    // have whole words.
    private mutating func append(_ bytes: ByteBuffer, _ rewriter: inout DataSetRewriter) {
        guard case .native(let vr, _, _) = form else { return }
        written += UInt64(bytes.readableBytes)
        let start = rewriter.writer.bytes.writerIndex
        rewriter.writer.bytes.writeImmutableBuffer(bytes)
        if rewriter.writer.encoding.isBigEndian { rewriter.writer.bytes.swapWords(of: vr.wordLength, from: start) }
    }
}

extension DataSetRewriter {
    /// Writes elements that did not come as tokens.
    ///
    /// - Throws: `.notEncodable` for bulk that is not in memory.
    mutating func write(_ elements: DataSet, in target: TransferSyntax) throws(DataSetError) {
        guard !elements.isEmpty else { return }
        let plain = target.isDeflated ? .explicitVRLittleEndian : target
        writer.bytes.writeImmutableBuffer(try DataSetEncoder.encode(elements, in: plain))
    }
}
