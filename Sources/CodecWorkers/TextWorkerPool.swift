import DICOMCore
public import DICOMPixels
public import Logging
import NIOCore
public import Platform

/// Reads text in processes of its own: pictures are in the hands of whoever made them.
///
/// As ``CodecWorkerPool`` runs codecs, with the same limits of time and memory; a process starts with the first picture.
public struct TextWorkerPool: TextRecognizer {
    private let workers: CodecWorkerPool

    /// Makes a pool without a process.
    ///
    /// - Parameters:
    ///   - executable: The program that is a worker when its argument is `text-worker`: `/proc/self/exe`.
    ///   - count: Processes at most, at least one.
    ///   - workPool: Threads that may block, at least `count` of them, which live as long as the pool.
    public init(executable: String, count: Int, limits: PixelLimits, workPool: WorkPool, logger: Logger) {
        workers = CodecWorkerPool(
            executable: executable,
            command: CodecWorkerProcess.textCommand,
            count: count,
            limits: limits,
            useLimit: WorkerUse.Limit(),
            workPool: workPool,
            codec: LibraryCodecs(),
            logger: logger
        )
    }

    /// The words of a picture.
    ///
    /// - Throws: `.unsupported` where Tesseract is not installed; `.tooLarge`, `.timedOut`, `.workerLost`, `.malformed`.
    public func words(in picture: GrayPicture) async throws(PixelError) -> [RecognizedWord] {
        let format = try PixelFormat(
            rows: picture.height,
            columns: picture.width,
            bitsAllocated: 8,
            photometricInterpretation: .monochrome2
        )
        let bytes = picture.bytes
        let request = WorkerRequest(
            .readText,
            in: .explicitVRLittleEndian,
            format,
            frameLimit: bytes.readableBytes,
            inputLength: bytes.readableBytes
        )
        let words = try await workers.perform(
            CodecWorkerPool.Job(request: request, input: bytes, resultLimit: TesseractReader.resultLimit)
        )
        return try RecognizedWord.words(words, width: picture.width, height: picture.height)
    }

    /// Watches the processes until it is cancelled, then ends them all.
    public func run() async {
        await workers.run()
    }
}
