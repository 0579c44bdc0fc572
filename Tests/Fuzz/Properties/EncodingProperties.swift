import DICOMCoding
import DICOMCore
import NIOCore

/// What must hold for the encoder of Data Sets.
enum EncodingProperties {
    // Seven: the slow one once.
    private static let transferSyntaxes: [TransferSyntax] = [
        .explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian, .explicitVRLittleEndian,
        .implicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian,
    ]

    /// A Data Set that was read is encoded, and read again, without change.
    static func check(
        _ bytes: ByteBuffer,
        _ transferSyntax: TransferSyntax,
        limits: DataSetLimits
    ) throws(PropertyViolation) {
        guard let dataSet = read(bytes, transferSyntax, limits) else { return }
        // One syntax for one input: the bytes choose it.
        let target = transferSyntaxes[bytes.readableBytes / 2 % transferSyntaxes.count]
        let lengths: DataSetEncoder.SequenceLengths = bytes.readableBytes % 2 == 0 ? .defined : .undefined
        try check(dataSet, in: target, lengths, limits: limits)
    }

    /// The encoder's output is accepted, and reading it changes nothing from the second time on.
    ///
    /// The first time pads values, leaves group lengths out, and tells the VR of what was UN.
    static func check(
        _ dataSet: DataSet,
        in transferSyntax: TransferSyntax,
        _ lengths: DataSetEncoder.SequenceLengths,
        limits: DataSetLimits
    ) throws(PropertyViolation) {
        guard !transferSyntax.isImplicitVR || !looksOtherwise(dataSet), !looksSwapped(dataSet) else { return }
        // Padding and headers make the encoding longer than what was read.
        var generous = limits
        generous.headerLength *= 2
        generous.valueLength += 1
        generous.inflatedLength *= 4
        generous.instanceLength *= 4
        generous.inflationRatio = .max
        guard let once = encode(dataSet, in: transferSyntax, lengths) else { return }
        guard let first = read(once, transferSyntax, generous) else {
            throw PropertyViolation("the encoding in \(transferSyntax) is refused")
        }
        guard let twice = encode(first, in: transferSyntax, lengths) else {
            // Pixel Data is bulk when it is read, whatever it was before.
            try require(
                contains(first) { if case .bulk = $0.value { true } else { false } },
                "what was read from \(transferSyntax) is not encodable again"
            )
            return
        }
        guard let second = read(twice, transferSyntax, generous) else {
            throw PropertyViolation("the second encoding in \(transferSyntax) is refused")
        }
        try require(second == first, "in \(transferSyntax) \(first) is read back as \(second)")
    }

    /// What Implicit VR cannot tell: a first element whose length has the letters of a VR, for which the reader may take
    /// it, and a sequence where the dictionary has none, or the reverse; of private elements the creator decides.
    private static func looksOtherwise(_ dataSet: DataSet) -> Bool {
        guard let first = dataSet.elements.first else { return false }
        guard (first.bytes?.readableBytes ?? 0) < 0x4141, first.items.isEmpty else { return true }
        return contains(dataSet) { element in
            if element.tag.isPrivateCreator { return true }
            return DataElementDictionary.vr(of: element.tag).map { ($0 == .sq) != (element.vr == .sq) } ?? false
        }
    }

    /// Whether the first element makes sense in the other byte order only, so that the reader takes it for that.
    private static func looksSwapped(_ dataSet: DataSet) -> Bool {
        let first = dataSet.elements.first { $0.tag.group > 0 && !$0.tag.isGroupLength }
        return first.map { $0.tag.group > 0x0020 && $0.tag.group & 0x00FF == 0 } ?? false
    }

    private static func contains(_ dataSet: DataSet, where matches: (DataElement) -> Bool) -> Bool {
        var left = [dataSet]
        while let next = left.popLast() {
            for element in next.elements {
                if matches(element) { return true }
                left += element.items
            }
        }
        return false
    }

    static func read(_ bytes: ByteBuffer, _ transferSyntax: TransferSyntax, _ limits: DataSetLimits) -> DataSet? {
        do throws(DataSetError) {
            return try DataSetReader.dataSet(from: bytes, transferSyntax: transferSyntax, limits: limits)
        } catch {
            return nil
        }
    }

    private static func encode(
        _ dataSet: DataSet,
        in transferSyntax: TransferSyntax,
        _ lengths: DataSetEncoder.SequenceLengths
    ) -> ByteBuffer? {
        do throws(DataSetError) {
            return try DataSetEncoder.encode(dataSet, in: transferSyntax, sequenceLengths: lengths)
        } catch {
            return nil
        }
    }
}
