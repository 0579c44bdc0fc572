package import DICOMCoding
public import DICOMCore
public import NIOCore

/// Writes a de-identified object while the bytes of the original pass for the second time.
///
/// Nothing of the original is written but the bulk values that the new header refers to: a new preamble, File Meta
/// Information and header, and nothing behind the last element.
public struct ObjectWriter: ~Copyable {
    private var rewriter: HeaderReplacer
    private var hasEnded = false

    /// Begins a file.
    ///
    /// - Parameter frames: How frames are made anew; `nil` where they stay as they are.
    package init(
        _ object: DeidentifiedObject,
        of original: SurveyedObject,
        frames: HeaderReplacer.FrameReplacement?,
        limits: DataSetLimits
    ) throws(DeidentificationError) {
        let target = frames?.target ?? object.transferSyntax
        do {
            let fileHeader = try Part10Header.encoded(
                sopClassUID: object.sopClassUID,
                sopInstanceUID: object.sopInstanceUID,
                transferSyntax: target,
                implementationClassUID: Implementation.classUID,
                implementationVersionName: Implementation.versionName
            )
            rewriter = try HeaderReplacer(
                fileHeader: fileHeader,
                header: object.header,
                source: original.transferSyntax,
                target: target,
                frames: frames,
                thresholds: ObjectSurvey.thresholds,
                limits: limits
            )
        } catch {
            throw .unreadable(error)
        }
    }

    /// Begins a file whose frames stay as they are.
    public init(
        _ object: DeidentifiedObject,
        of original: SurveyedObject,
        limits: DataSetLimits = DataSetLimits()
    ) throws(DeidentificationError) {
        try self.init(object, of: original, frames: nil, limits: limits)
    }

    /// Takes the next bytes of the original; steps follow.
    ///
    /// For objects whose frames are made anew: take steps with ``next()`` and put in frames, then take the bytes.
    package mutating func append(_ bytes: ByteBuffer) throws(DeidentificationError) {
        do { try rewriter.append(bytes) } catch { throw .unreadable(error) }
    }

    /// The next frame that is wanted; `nil` when more bytes are needed or the file has ended.
    package mutating func next() throws(DeidentificationError) -> HeaderReplacer.Step? {
        do { return try rewriter.next() } catch { throw .unreadable(error) }
    }

    /// Writes the new form of the next frame.
    package mutating func put(frame: ByteBuffer) throws(DeidentificationError) {
        do { try rewriter.put(frame: frame) } catch { throw .unreadable(error) }
    }

    /// Takes what was written so far.
    package mutating func takeBytes() -> ByteBuffer { rewriter.takeBytes() }

    /// Tells that no more bytes come; steps may follow, and then ``finish()``.
    package mutating func endOfFile() throws(DeidentificationError) {
        guard !hasEnded else { return }
        hasEnded = true
        do { try rewriter.finish() } catch { throw .unreadable(error) }
    }

    /// Takes the next bytes of the original.
    ///
    /// - Returns: The next bytes of the new file; may be empty.
    public mutating func write(_ bytes: ByteBuffer) throws(DeidentificationError) -> ByteBuffer {
        do {
            try rewriter.append(bytes)
            while try rewriter.next() != nil {}
            return rewriter.takeBytes()
        } catch {
            throw .unreadable(error)
        }
    }

    /// Tells that no more bytes come.
    ///
    /// - Returns: The last bytes of the new file.
    public mutating func finish() throws(DeidentificationError) -> ByteBuffer {
        try endOfFile()
        do {
            while try rewriter.next() != nil {}
            return try rewriter.takeLastBytes()
        } catch {
            throw .unreadable(error)
        }
    }
}
