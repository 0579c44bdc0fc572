import ArchiveCatalog
import ArchiveServices
import DICOMCoding
import DICOMCore
import NIOCore
import Platform

/// The body of a small request, member by member; what nobody has asked for is refused at the end.
struct RequestMembers {
    private var values: [String: JSONMembers.Value]

    init(_ body: ByteBuffer) throws(RequestError) {
        do throws(DataSetError) {
            values = try JSONMembers(body).values
        } catch {
            throw RequestError(
                .badRequest,
                "The body is no JSON object of texts, numbers and lists (byte \(error.offset))"
            )
        }
    }

    mutating func text(_ name: String) throws(RequestError) -> String? {
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .text(let text): return text
        default: throw RequestError(.badRequest, "\(name) is no text")
        }
    }

    mutating func required(_ name: String) throws(RequestError) -> String {
        guard let text = try text(name) else { throw RequestError(.badRequest, "\(name) is missing") }
        return text
    }

    mutating func number(_ name: String) throws(RequestError) -> Int? {
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .number(let number): return number
        default: throw RequestError(.badRequest, "\(name) is no whole number")
        }
    }

    mutating func texts(_ name: String) throws(RequestError) -> [String]? {
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .texts(let texts): return texts
        default: throw RequestError(.badRequest, "\(name) is no list of texts")
        }
    }

    /// One of a few words.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ name: String,
        _ type: Word.Type
    ) throws(RequestError) -> Word? where Word.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = type.allCases.map(\.rawValue).joined(separator: ", ")
            throw RequestError(.badRequest, "\(name) is one of \(known)")
        }
        return word
    }

    /// A day like 2030-12-31, to its end; `null` is no day.
    mutating func day(_ name: String) throws(RequestError) -> Timestamp?? {
        switch values.removeValue(forKey: name) {
        case nil: return nil
        case .null: return .some(nil)
        case .text(let text):
            if let end = HoldDay.end(of: text) { return .some(end) }
            fallthrough
        default: throw RequestError(.badRequest, "\(name) is no day like 2030-12-31")
        }
    }

    /// Refuses what is left: a misspelled name would be passed over in silence.
    func finish() throws(RequestError) {
        guard values.isEmpty else {
            throw RequestError(.badRequest, "The body has a member that means nothing here")
        }
    }
}

extension ProjectSettings {
    /// Reads settings.
    init(_ members: inout RequestMembers) throws(RequestError) {
        self.init()
        title = try members.text("title")
        protocolID = try members.text("protocolID")
        sponsor = try members.text("sponsor")
        options = try members.texts("options")
        dates = try members.word("dates", Project.Dates.self)
        patients = try members.word("patients", Project.PatientNaming.self)
        query = try members.text("query")
        consent = try members.word("consent", Project.ConsentRule.self)
        expiresAt = try members.day("expires")
        minimumCellSize = try members.number("minimumCellSize")
    }
}
