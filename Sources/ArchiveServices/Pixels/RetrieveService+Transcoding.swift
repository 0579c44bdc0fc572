public import AccessControl
import ArchiveCatalog
import DICOMCoding
import DICOMCore
import DICOMPixels
import NIOCore

extension RetrieveService {
    /// The whole object in another Transfer Syntax, made as it is read.
    ///
    /// What cannot be made is known here: the first frame has been made when this returns.
    ///
    /// - Parameter instance: Read with its header.
    /// - Throws: `.notMakeable`, `.notDecodable`, `.framesUnknown`, `.damaged`, `.unavailable`.
    public func object(
        _ instance: ArchivedInstance,
        in request: TranscodingRequest,
        as principal: Principal
    ) async throws(ArchiveError) -> TranscodedObject {
        try authorize(.readPixels, principal)
        let stored = try await payload(of: instance, as: principal)
        let index = instance.record.frameIndex == nil ? nil : try frameIndex(of: instance)
        let header = try headers.dataSet(instance.record.header)
        let source = ObjectSource(
            header: header,
            transferSyntax: instance.transferSyntax,
            frameIndex: index,
            reader: {
                var chunks = stored.makeAsyncIterator()
                return { try await chunks.next() }
            },
            frame: { [self] frameIndex in
                guard let index else { return ByteBuffer() }
                return try await orderedFrame(frameIndex, index, of: instance, header)
            }
        )
        do throws(TranscodingError) {
            return try await pixels.transcode(source, request)
        } catch {
            throw ArchiveError(error)
        }
    }

    /// One frame in another Transfer Syntax; in Explicit VR Little Endian, its samples.
    ///
    /// - Parameters:
    ///   - frameNumber: 1-based, as in PS3.18 10.4.
    ///   - instance: Read with its header.
    /// - Throws: `.notFound` above Number of Frames, `.framesUnknown`, `.notDecodable`, `.notMakeable`.
    public func frame(
        _ frameNumber: Int,
        of instance: ArchivedInstance,
        in request: TranscodingRequest,
        as principal: Principal
    ) async throws(ArchiveError) -> ByteStream {
        let stored = try await frame(frameNumber, of: instance, as: principal)
        guard request.target.lossyMethod == nil || request.allowsLossy else {
            throw ArchiveError(.notMakeable, "\(request.target.name) loses, and that was not asked for")
        }
        let image = try image(instance)
        if request.target == .explicitVRLittleEndian, image.isPlain { return stored }
        let reservation = try await reserve(for: image, storedLength: stored.length)
        let entry: FrameCache.Entry
        if request.target.isNative {
            entry = try await decoded(frameNumber, stored, image)
        } else {
            entry = try await encoded(frameNumber, stored, image, request)
        }
        reservation.shrink(to: entry.bytes.readableBytes)
        return ByteStream(entry.bytes, holding: reservation)
    }

    /// What is known of the image of an instance.
    func image(_ instance: ArchivedInstance) throws(ArchiveError) -> StoredImage {
        try DescribedImage.requireFrames(of: instance.transferSyntax)
        let header = try headers.dataSet(instance.record.header)
        let index = try frameIndex(of: instance)
        return StoredImage(
            instance: instance,
            described: try DescribedImage(header: header, index: index, transferSyntax: instance.transferSyntax)
        )
    }

    /// Waits for the memory that making a frame takes.
    ///
    /// - Parameter workLength: Bytes that are needed beside the frame as it is stored and twice without compression.
    func reserve(
        for image: StoredImage,
        storedLength: UInt64,
        workLength: Int = 0
    ) async throws(ArchiveError) -> MemoryReservation {
        try await pixels.reserve(for: image.described, storedLength: storedLength, workLength: workLength)
    }

    /// A frame without compression, kept for who asks next.
    func decoded(
        _ frameNumber: Int,
        _ stored: ByteStream,
        _ image: StoredImage
    ) async throws(ArchiveError) -> FrameCache.Entry {
        try await entry(image.key(frameNumber, .decoded)) { [self] in
            let bytes = try await orderedFrame(frameNumber - 1, image.index, of: image.instance, image.header, stored)
            let frame = try await pixels.decode(
                bytes,
                in: image.transferSyntax,
                as: image.format,
                frameNumber: frameNumber
            )
            return FrameCache.Entry(bytes: frame.bytes, format: frame.format)
        }
    }

    /// A frame as it is stored, 0-based, with its bytes in their order where it shares words with others.
    ///
    /// - Parameter stored: The frame, where its reading has been set up before.
    private func orderedFrame(
        _ frameIndex: Int,
        _ index: FrameIndex,
        of instance: ArchivedInstance,
        _ header: DataSet,
        _ stored: ByteStream? = nil
    ) async throws(ArchiveError) -> ByteBuffer {
        guard let words = SwappedWords(header, in: instance.transferSyntax) else {
            return try await gathered(stored ?? storedFrame(frameIndex, index, of: instance))
        }
        var bytes = ByteBuffer()
        for range in index.byteRanges(frameIndex: frameIndex) {
            let covering = stream(instance, dataSetRanges: [words.words(around: range)])
            bytes.writeImmutableBuffer(words.bytes(of: range, in: try await gathered(covering)))
        }
        guard let bits = index.bits(frameIndex: frameIndex) else { return bytes }
        var window = BitWindow(first: bits.first, count: bits.count)
        var frame = window.take(bytes)
        frame.writeImmutableBuffer(window.finish())
        return frame
    }

    private func encoded(
        _ frameNumber: Int,
        _ stored: ByteStream,
        _ image: StoredImage,
        _ request: TranscodingRequest
    ) async throws(ArchiveError) -> FrameCache.Entry {
        try await entry(image.key(frameNumber, .encoded(request.target.uid, request.options))) { [self] in
            let decoded = try await decoded(frameNumber, stored, image)
            let frame = try PixelFrame(decoded.format ?? image.format, decoded.bytes)
            let bytes = try await pixels.encode(
                frame,
                in: request.target,
                options: request.options,
                frameNumber: frameNumber
            )
            return FrameCache.Entry(bytes: bytes, format: decoded.format)
        }
    }

    func entry(
        _ key: FrameCache.Key,
        make: () async throws -> FrameCache.Entry
    ) async throws(ArchiveError) -> FrameCache.Entry {
        do {
            return try await pixels.cache.entry(for: key, make: make)
        } catch let error as ArchiveError {
            throw error
        } catch let error as TranscodingError {
            throw ArchiveError(error)
        } catch let error as PixelError {
            throw ArchiveError(TranscodingError(decoding: error))
        } catch {
            throw ArchiveError(.unavailable, "The frame was not made: the request was given up")
        }
    }

    /// All bytes of a frame, which its limit has been checked against.
    func gathered(_ stream: ByteStream) async throws(ArchiveError) -> ByteBuffer {
        var bytes = ByteBuffer()
        var chunks = stream.makeAsyncIterator()
        while let chunk = try await chunks.next() {
            if bytes.readableBytes == 0, UInt64(chunk.readableBytes) == stream.length { return chunk }
            if bytes.readableBytes == 0 { bytes.reserveCapacity(Int(clamping: stream.length)) }
            bytes.writeImmutableBuffer(chunk)
        }
        return bytes
    }
}

/// The image of a stored instance.
struct StoredImage: Sendable {
    let instance: ArchivedInstance
    let described: DescribedImage

    var header: DataSet { described.header }
    var index: FrameIndex { described.index }
    var format: PixelFormat { described.format }
    var transferSyntax: TransferSyntax { described.transferSyntax }
    var isPlain: Bool { described.isPlain }

    func key(_ frameNumber: Int, _ form: FrameCache.Form) -> FrameCache.Key {
        FrameCache.Key(recordID: instance.record.location.recordID, frameIndex: frameNumber - 1, form: form)
    }
}
