import ArgumentParser
import DICOMCoding
import DICOMCore
import DICOMPixels
import Glibc
import NIOCore
import Platform

/// What frames are without their compression, and how fast that is found out.
struct PixelBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pixels",
        abstract: "Decode all frames of a Part 10 file.",
        discussion: """
            One line of JSON; the samples go to a file, as an object in Explicit VR Little Endian would hold them. With \
            --to, frames are encoded again, and the file gets those, each behind its length (32 bits, little-endian).
            """
    )

    @Option(name: .shortAndLong, help: "Where the samples go.")
    var output: String?
    @Option(help: "A Transfer Syntax UID to encode the frames in.")
    var to: String?
    @Option(help: "1 to 100, for lossy encoders.")
    var quality = 90
    @Option(help: "Times that each frame is decoded (and encoded); the time is measured over all but the first.")
    var rounds = 1
    @Argument(help: "A file.")
    var file: String

    func run() throws {
        let object = try EncodedObject(file)
        var decoded: [PixelFrame] = []
        let limits = PixelLimits()
        for frame in object.frames {
            decoded.append(try CodecLibrary.decode(frame, in: object.transferSyntax, as: object.format, limits: limits))
        }
        var measurement = PixelMeasurement(object, decoded)
        measurement.decodeSeconds = try seconds {
            for frame in object.frames {
                _ = try CodecLibrary.decode(frame, in: object.transferSyntax, as: object.format, limits: limits)
            }
        }
        var content = decoded.map(\.bytes)
        if let to {
            guard let uid = UID(to) else { throw ValidationError("\(to) is no UID.") }
            let target = TransferSyntax(uid: uid)
            let options = EncodingOptions(quality: quality)
            func encode(_ frame: PixelFrame) throws -> ByteBuffer {
                try CodecLibrary.encode(frame, in: target, options: options, limits: limits)
            }
            let encoded = try decoded.map(encode)
            measurement.encodeSeconds = try seconds { for frame in decoded { _ = try encode(frame) } }
            measurement.stored = try decoded.first?.format.encoded(in: target)
            measurement.encodedByteCount = encoded.reduce(0) { $0 + $1.readableBytes }
            content = encoded.map { frame in
                var whole = ByteBuffer(integer: UInt32(frame.readableBytes), endianness: .little)
                whole.writeImmutableBuffer(frame)
                return whole
            }
        }
        if let output { try Self.write(content, to: output) }
        print(measurement.json)
    }

    /// Processor time of one round.
    private func seconds(_ work: () throws -> Void) throws -> Double {
        guard rounds > 1 else { return 0 }
        let start = clock()
        for _ in 1..<rounds { try work() }
        return Double(clock() - start) / Double(CLOCKS_PER_SEC) / Double(rounds - 1)
    }

    private static func write(_ content: [ByteBuffer], to path: String) throws {
        let disk = PosixDisk()
        if try disk.exists(path) { try disk.unlink(path) }
        let file = try disk.open(path, .createNew)
        defer { try? file.close() }
        var position: UInt64 = 0
        for bytes in content {
            try file.write(bytes, at: position)
            position += UInt64(bytes.readableBytes)
        }
    }
}

/// The frames of a file, as they are in it.
private struct EncodedObject {
    let transferSyntax: TransferSyntax
    let format: PixelFormat
    let frames: [ByteBuffer]

    init(_ path: String) throws {
        let file = try PosixDisk().open(path, .read)
        defer { try? file.close() }
        var part10 = Part10Decoder()
        var dataSet = ByteBuffer()
        var position: UInt64 = 0
        while true {
            let chunk = try file.read(at: position, count: 1 << 20)
            guard chunk.readableBytes > 0 else { break }
            position += UInt64(chunk.readableBytes)
            if let rest = try part10.read(chunk) { dataSet.writeImmutableBuffer(rest) }
        }
        if let rest = try part10.finish() { dataSet.writeImmutableBuffer(rest) }
        guard let header = part10.header else { throw ValidationError("\(path) is no Part 10 file.") }
        transferSyntax = header.transferSyntax
        var scanner = InstanceScanner(transferSyntax: transferSyntax)
        try scanner.scan(dataSet)
        let instance = try scanner.finish()
        format = try PixelFormat(instance.header)
        guard let index = instance.frameIndex else { throw ValidationError("\(path) has no frames to tell apart.") }
        // Offsets count from the first byte of the inflated Data Set.
        if transferSyntax.isDeflated { dataSet = try Self.inflated(dataSet) }
        let pixelData = instance.header[.pixelData]
        if transferSyntax.isBigEndian, pixelData?.vr == .ow, format.bitsAllocated <= 8,
            let first = index.byteRanges(frameIndex: 0).first,
            let last = index.byteRanges(frameIndex: index.frameCount - 1).last
        {
            let start = dataSet.readerIndex + Int(first.lowerBound)
            let length = Int(last.upperBound - first.lowerBound)
            if let value = dataSet.getSlice(at: start, length: min(length + length % 2, dataSet.writerIndex - start)) {
                dataSet.setBuffer(NativeWords.swapped(value), at: start)
            }
        }
        frames = (0..<index.frameCount).map { Self.frame($0, of: index, in: dataSet) }
    }

    private static func inflated(_ bytes: ByteBuffer) throws -> ByteBuffer {
        var inflater = Inflater(lengthLimit: 1 << 31, ratioLimit: 1_100)
        inflater.append(bytes)
        var plain = ByteBuffer()
        while let piece = try inflater.next() { plain.writeImmutableBuffer(piece) }
        return plain
    }

    private static func frame(_ frameIndex: Int, of index: FrameIndex, in dataSet: ByteBuffer) -> ByteBuffer {
        var frame = ByteBuffer()
        for range in index.byteRanges(frameIndex: frameIndex) {
            let start = dataSet.readerIndex + Int(range.lowerBound)
            if let piece = dataSet.getSlice(at: start, length: range.count) { frame.writeImmutableBuffer(piece) }
        }
        guard let bits = index.bits(frameIndex: frameIndex) else { return frame }
        // Bits are counted from the lowest of a byte (PS3.5 8.1.1).
        let source = Array(frame.readableBytesView) + [0]
        let length = (Int(bits.count) + 7) / 8
        var shifted = (0..<length).map { index in
            UInt8(truncatingIfNeeded: (UInt16(source[index + 1]) << 8 | UInt16(source[index])) >> UInt16(bits.first))
        }
        // Bits of the frame behind are none of this one's.
        if bits.count % 8 != 0 { shifted[length - 1] &= UInt8(1 << (bits.count % 8)) - 1 }
        return ByteBuffer(bytes: shifted)
    }
}

/// What came out of a file.
private struct PixelMeasurement {
    let transferSyntax: TransferSyntax
    let format: PixelFormat?
    let frameCount: Int
    let byteCount: Int
    var encodedByteCount: Int
    var decodeSeconds = 0.0
    var encodeSeconds = 0.0
    var stored: PixelFormat?

    init(_ object: EncodedObject, _ decoded: [PixelFrame]) {
        transferSyntax = object.transferSyntax
        format = decoded.first?.format
        frameCount = decoded.count
        byteCount = decoded.reduce(0) { $0 + $1.bytes.readableBytes }
        encodedByteCount = object.frames.reduce(0) { $0 + $1.readableBytes }
    }

    var json: String {
        func rate(_ seconds: Double) -> Double {
            seconds > 0 ? (Double(byteCount) / seconds / 1e5).rounded() / 10 : 0
        }
        let name = format?.photometricInterpretation.rawValue ?? ""
        let storedName = stored?.photometricInterpretation.rawValue ?? ""
        return """
            {"transferSyntax": "\(transferSyntax)", "frames": \(frameCount), "rows": \(format?.rows ?? 0), \
            "columns": \(format?.columns ?? 0), "samples": \(format?.samplesPerPixel ?? 0), \
            "bitsAllocated": \(format?.bitsAllocated ?? 0), "bitsStored": \(format?.bitsStored ?? 0), \
            "highBit": \(format?.highBit ?? 0), "signed": \(format?.kind == .signed), \
            "photometricInterpretation": "\(name)", "planar": \(format?.isPlanar == true), \
            "storedPhotometricInterpretation": "\(storedName)", "storedPlanar": \(stored?.isPlanar == true), \
            "bytes": \(byteCount), "encodedBytes": \(encodedByteCount), \
            "decodeMegabytesPerSecond": \(rate(decodeSeconds)), "encodeMegabytesPerSecond": \(rate(encodeSeconds))}
            """
    }
}
