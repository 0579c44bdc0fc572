public import DICOMCore
import NIOCore

extension DataSetDecoder {
    /// Tells that no more bytes come; call it when `next` returned `nil`, and take what tokens there are after it.
    ///
    /// - Throws: `.truncated` inside an element, sequence, or deflated stream, unless all is to be salvaged.
    public mutating func finish() throws(DataSetError) {
        var rest: [DataSetToken] = []
        if input.settle() {
            if let quirk = input.takeQuirk() { note(quirk) }
            while let token = try next() { rest.append(token) }
        }
        if tolerance == .salvage {
            salvage(&rest)
        } else {
            try end(&rest)
        }
        if let group, levels.isEmpty { endGroup(group) }
        pendingEnds = rest.reversed()
    }

    private mutating func end(_ rest: inout [DataSetToken]) throws(DataSetError) {
        guard input.isComplete else { throw error(.truncated) }
        switch state {
        case .padding, .garbage:
            return
        case .elements where levels.isEmpty && input.readableBytes < 8 && input.isZero:
            if input.readableBytes > 0 { note(.trailingZeros) }
            input.skip(input.readableBytes)
        case .items where levels.count == 1 && levels[0].end == nil && input.readableBytes == 0:
            note(.missingSequenceDelimiter)
            rest.append(endSequence())
        case .fragments where levels.isEmpty && input.readableBytes == 0:
            note(.missingSequenceDelimiter)
            state = .elements
            rest.append(.endFragments(offset: input.position))
        default:
            throw error(.truncated)
        }
    }

    /// Ends whatever is open with what there is.
    private mutating func salvage(_ rest: inout [DataSetToken]) {
        if !input.isComplete { note(.truncatedValue) }
        switch state {
        case .padding, .garbage: break
        case .value(let header, _):
            note(.truncatedValue, tag: header.tag)
            if let token = readValue(header, length: input.readableBytes) { rest.append(token) }
        case .unknownSequence(let header, let headerLength):
            note(.truncatedValue, tag: header.tag)
            input.skip(min(headerLength, input.readableBytes))
            if let token = readValue(header, length: input.readableBytes) { rest.append(token) }
        case .bulk:
            note(.truncatedValue)
            rest.append(.endBulk)
        case .fragment:
            note(.truncatedValue)
            rest += [.endFragment, .endFragments(offset: input.position)]
        case .fragments:
            note(.missingSequenceDelimiter)
            rest.append(.endFragments(offset: input.position))
        case .elements, .firstElement, .items:
            if input.readableBytes > 0 { note(input.isZero ? .trailingZeros : .trailingBytes) }
        }
        input.skip(input.readableBytes)
        state = .garbage
        if !levels.isEmpty { note(.missingSequenceDelimiter) }
        while let level = levels.last {
            rest.append(level.isItem ? .endItem : .endSequence)
            pop()
        }
    }
}
