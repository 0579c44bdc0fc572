import DICOMCore
import NIOCore

extension DataSet {
    /// The same Data Set with all text in UTF-8, at every depth.
    ///
    /// Depth was limited when the Data Set was read.
    ///
    /// - Parameter outer: The character set of text where the Data Set names none.
    func inUTF8(inheriting outer: SpecificCharacterSet = .ascii) -> DataSet {
        guard !specificCharacterSet(inheriting: outer).isUTF8 else { return self }
        var result = converted(from: outer)
        result.declareUTF8IfNeeded()
        return result
    }

    /// Says ISO_IR 192 when any text needs it; says nothing when all of it is ASCII.
    mutating func declareUTF8IfNeeded() {
        remove(.specificCharacterSet)
        if holdsTextBeyondASCII { set(.text(.specificCharacterSet, .cs, "ISO_IR 192")) }
    }

    private var holdsTextBeyondASCII: Bool {
        var pending = [self]
        while let next = pending.popLast() {
            for element in next.elements {
                switch element.value {
                case .items(let items):
                    pending.append(contentsOf: items)
                case .bytes(let bytes) where element.vr.usesSpecificCharacterSet:
                    if bytes.readableBytesView.contains(where: { $0 >= 0x80 }) { return true }
                case .bytes, .bulk:
                    continue
                }
            }
        }
        return false
    }

    private func converted(from outer: SpecificCharacterSet) -> DataSet {
        let characterSet = specificCharacterSet(inheriting: outer)
        var result = DataSet()
        for element in elements where element.tag != .specificCharacterSet {
            result.set(element.converted(from: characterSet) { $0.converted(from: characterSet) })
        }
        return result
    }
}

extension DataElement {
    /// The same element with bytes of its own: a slice would keep the whole header that it was read from.
    var detached: DataElement {
        switch value {
        case .bytes(let bytes):
            DataElement(tag: tag, vr: vr, value: .bytes(ByteBuffer(bytes: bytes.readableBytesView)))
        case .items(let items):
            .sequence(tag, items.map { DataSet($0.elements.map(\.detached)) })
        case .bulk:
            self
        }
    }

    fileprivate func converted(
        from characterSet: SpecificCharacterSet,
        item: (DataSet) -> DataSet
    ) -> DataElement {
        switch value {
        case .items(let items):
            DataElement.sequence(tag, items.map(item))
        case .bytes where vr.usesSpecificCharacterSet:
            .text(tag, vr, strings(characterSet))
        case .bytes, .bulk:
            self
        }
    }
}
