import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

/// The frames of a file as pictures.
struct FramePictures {
    let image: ImageFile
    let renderer: FrameRenderer
    let codec: any PixelCodec
    let request: RenderingRequest

    func picture(_ frameNumber: Int) async throws -> RenderedImage {
        let encoded = try image.frame(frameNumber)
        let frame = try await codec.decode(encoded, in: image.transferSyntax, as: try format(of: encoded))
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
        let count = image.instance.frameIndex?.frameCount ?? 1
        let timing = FrameTiming(image.header)
        var writer = GIFWriter()
        var file = ByteBuffer()
        for number in frameNumber.map({ $0...$0 }) ?? 1...count {
            file.writeImmutableBuffer(
                try writer.append(try await picture(number), duration: timing.duration(frameIndex: number - 1))
            )
        }
        file.writeImmutableBuffer(writer.finish())
        return file
    }

    /// What group 0028 says; native frames that are called subsampled and are not are taken as they are.
    private func format(of encoded: ByteBuffer) throws -> PixelFormat {
        let format = try PixelFormat(image.header)
        guard image.transferSyntax.isNative, format.photometricInterpretation.isSubsampled else { return format }
        let full = try format.with(photometricInterpretation: .ybrFull)
        return encoded.readableBytes == full.frameLength ? full : format
    }
}
