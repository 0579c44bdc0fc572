import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// The frames of a file as pictures.
struct FramePictures {
    let object: FileObject
    /// What to call the file.
    let name: String
    let renderer: FrameRenderer
    let codec: any PixelCodec
    let request: RenderingRequest

    /// - Parameter frameNumber: 1-based.
    func picture(_ frameNumber: Int) async throws -> RenderedImage {
        let count = try frameCount
        guard (1...count).contains(frameNumber) else {
            throw CommandFailure(
                count == 1 ? "\(name) has one frame" : "\(name) has \(count) frames: choose --frame 1 to \(count)"
            )
        }
        let encoded = try await object.frame(frameNumber - 1)
        let transferSyntax = object.scanned.part10.transferSyntax
        let frame = try await codec.decode(encoded, in: transferSyntax, as: try format(of: encoded))
        return try renderer.render(frame, frameIndex: frameNumber - 1, request: request)
    }

    func jpeg(_ frameNumber: Int, quality: Int) async throws -> ByteBuffer {
        let picture = try await picture(frameNumber)
        let jpeg = try await codec.encode(
            try picture.pixelFrame,
            in: .jpegBaseline,
            options: EncodingOptions(quality: quality)
        )
        guard let profile = picture.iccProfile else { return jpeg }
        return ICCProfile.insert(profile, intoJPEG: jpeg)
    }

    /// All frames, or one.
    func gif(_ frameNumber: Int?) async throws -> ByteBuffer {
        let timing = FrameTiming(object.scanned.dataSet)
        var writer = GIFWriter()
        var file = ByteBuffer()
        let numbers = try frameNumber.map { $0...$0 } ?? 1...frameCount
        for number in numbers {
            file.writeImmutableBuffer(
                try writer.append(try await picture(number), duration: timing.duration(frameIndex: number - 1))
            )
        }
        file.writeImmutableBuffer(writer.finish())
        return file
    }

    private var frameCount: Int {
        get throws {
            if let index = object.scanned.frameIndex { return index.frameCount }
            let header = object.scanned.dataSet
            let hasPixels = [Tag.pixelData, .floatPixelData, .doubleFloatPixelData].contains { header[$0] != nil }
            throw CommandFailure(
                hasPixels
                    ? "\(name): Pixel Data does not fit Rows, Columns, Bits Allocated and Number of Frames; try `cassette "
                        + "check`" : "\(name): there is no image in it"
            )
        }
    }

    /// What group 0028 says; native frames that are called subsampled and are not are taken as they are.
    private func format(of encoded: ByteBuffer) throws -> PixelFormat {
        let format = try PixelFormat(object.scanned.dataSet)
        let isNative = object.scanned.part10.transferSyntax.isNative
        guard isNative, format.photometricInterpretation.isSubsampled else { return format }
        let full = try format.with(photometricInterpretation: .ybrFull)
        return encoded.readableBytes == full.frameLength ? full : format
    }
}
