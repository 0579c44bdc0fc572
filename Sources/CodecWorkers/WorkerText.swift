import DICOMPixels
import NIOCore

/// What a worker that reads text has loaded; where that failed, why.
struct WorkerText {
    private let reader: Result<TesseractReader, PixelError>

    init() {
        do throws(PixelError) {
            reader = .success(try TesseractReader())
        } catch {
            reader = .failure(error)
        }
    }

    /// Reads an empty picture: what is looked up at the first use is there before the filter is.
    func warmUp() {
        _ = try? reader.get().words(in: ByteBuffer(repeating: 0xFF, count: 64 * 64), width: 64, height: 64)
    }

    /// The words of a picture of 8 bits.
    func words(in picture: ByteBuffer, _ format: PixelFormat) throws(PixelError) -> ByteBuffer {
        guard format.bitsAllocated == 8, format.samplesPerPixel == 1 else {
            throw PixelError(.unsupported, "text is read in grey pictures of 8 bits")
        }
        return try reader.get().words(in: picture, width: format.columns, height: format.rows)
    }
}
