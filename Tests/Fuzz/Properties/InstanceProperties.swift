import DICOMCoding
import DICOMCore
import NIOCore

/// What must hold for objects that are scanned while they are received.
enum InstanceProperties {
    /// Checks the scan of an object; returns its header if it is one.
    static func check(
        _ pieces: [ByteBuffer],
        _ transferSyntax: TransferSyntax,
        limits: DataSetLimits,
        thresholds: BulkThresholds
    ) throws(PropertyViolation) -> DataSet? {
        var scanner = InstanceScanner(transferSyntax: transferSyntax, limits: limits, thresholds: thresholds)
        let instance: ScannedInstance
        do throws(DataSetError) {
            for piece in pieces { try scanner.scan(piece) }
            instance = try scanner.finish()
        } catch {
            return nil
        }
        let length = pieces.reduce(0) { $0 + $1.readableBytes }
        try require(
            instance.dataSetLength == UInt64(length),
            "\(length) bytes are counted as \(instance.dataSetLength)"
        )
        // An identifier is taken from the bytes, whatever VR stands before them.
        for (tag, uid) in [
            (Tag.sopInstanceUID, instance.identity.sopInstanceUID),
            (.studyInstanceUID, instance.identity.studyInstanceUID),
            (.seriesInstanceUID, instance.identity.seriesInstanceUID),
        ] where instance.header[tag]?.vr == .ui {
            try require(instance.header.uid(tag) == uid, "\(tag) is \(uid), which is not in the header")
        }
        if let frames = instance.frameIndex {
            try checkFrames(frames, length: transferSyntax.isDeflated ? nil : UInt64(length))
        }
        return instance.header
    }

    /// Frames follow one another, those of fragments within the object; and the stored form is the index.
    private static func checkFrames(_ index: FrameIndex, length: UInt64?) throws(PropertyViolation) {
        try require(index.frameCount > 0, "an index of no frames")
        var end: UInt64 = 0
        for frameIndex in 0..<min(index.frameCount, 64) {
            for range in index.byteRanges(frameIndex: frameIndex) {
                let isShared = index.firstBit(frameIndex: frameIndex) != 0
                try require(range.lowerBound + (isShared ? 1 : 0) >= end, "\(range) is part of the frame before")
                end = range.upperBound
                guard index.isEncapsulated, let length else { continue }
                try require(end <= length, "\(range) is beyond \(length) bytes")
            }
        }
        let read: FrameIndex
        do throws(DataSetError) {
            read = try FrameIndex(decoding: index.encoded())
        } catch {
            throw PropertyViolation("a frame index is not read back: \(error)")
        }
        try require(read == index, "a frame index is read back as another")
    }
}
