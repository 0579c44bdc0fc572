public import DICOMCore
public import NIOCore

/// The members of one flat JSON object: what small requests bring.
public struct JSONMembers: Sendable, Hashable {
    /// A value without objects in it.
    public enum Value: Sendable, Hashable {
        /// A text.
        case text(String)
        /// A whole number.
        case number(Int)
        /// True or false.
        case flag(Bool)
        /// A list of texts.
        case texts([String])
        /// Nothing.
        case null
    }

    /// The values by their names.
    public let values: [String: Value]

    private static let countLimit = 1_000

    /// Reads a JSON text that is one object.
    ///
    /// - Throws: `.badJSON` for anything else, also for names that come twice, numbers with fractions and values with
    ///   objects in them; `.truncated`, `.nestedTooDeep`.
    public init(_ json: ByteBuffer) throws(DataSetError) {
        var tokenizer = JSONTokenizer(json, depthLimit: 2)
        guard try tokenizer.next() == .beginObject else { throw tokenizer.error(.badJSON) }
        var values: [String: Value] = [:]
        while let token = try tokenizer.next() {
            if token == .endObject { break }
            guard case .key(let name) = token, values[name] == nil, values.count < Self.countLimit else {
                throw tokenizer.error(.badJSON)
            }
            values[name] = try Self.value(&tokenizer)
        }
        guard try tokenizer.next() == nil else { throw tokenizer.error(.badJSON) }
        self.values = values
    }

    private static func value(_ tokenizer: inout JSONTokenizer) throws(DataSetError) -> Value {
        switch try tokenizer.next() {
        case .string(let text): return .text(text)
        case .bool(let flag): return .flag(flag)
        case .null: return .null
        case .number(let digits):
            guard let number = Int(digits) else { throw tokenizer.error(.badJSON) }
            return .number(number)
        case .beginArray:
            var texts: [String] = []
            while let token = try tokenizer.next() {
                if token == .endArray { return .texts(texts) }
                guard case .string(let text) = token, texts.count < countLimit else { throw tokenizer.error(.badJSON) }
                texts.append(text)
            }
            throw tokenizer.error(.truncated)
        default: throw tokenizer.error(.badJSON)
        }
    }
}
