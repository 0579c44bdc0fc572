extension DataSet {
    /// The character set of this Data Set's text.
    ///
    /// An item without an own one has that of the Data Set around it.
    public var specificCharacterSet: SpecificCharacterSet {
        specificCharacterSet(inheriting: .ascii)
    }

    /// The own character set, otherwise the one of the Data Set around this item (PS3.5 7.5.1).
    public func specificCharacterSet(inheriting outer: SpecificCharacterSet) -> SpecificCharacterSet {
        guard let element = self[Tag(rawValue: 0x0008_0005)] else { return outer }
        return SpecificCharacterSet(terms: element.strings(.ascii), inside: outer)
    }

    /// The values of a text element without padding; empty when there is no such element or no value.
    ///
    /// - Parameter characterSet: that of the text; `nil` takes the Data Set's own.
    public func strings(for tag: Tag, characterSet: SpecificCharacterSet? = nil) -> [String] {
        guard let element = self[tag] else { return [] }
        return element.strings(characterSet ?? specificCharacterSet)
    }

    /// The first value of a text element; `nil` when it is absent or empty.
    public func string(_ tag: Tag, characterSet: SpecificCharacterSet? = nil) -> String? {
        guard let first = strings(for: tag, characterSet: characterSet).first, !first.isEmpty else { return nil }
        return first
    }

    /// The first value as identifier; `nil` when it is absent or malformed.
    public func uid(_ tag: Tag) -> UID? {
        self[tag]?.strings(.ascii).first.flatMap { UID($0) }
    }

    /// The well-formed values of an element with identifiers.
    public func uids(_ tag: Tag) -> [UID] {
        self[tag]?.strings(.ascii).compactMap { UID($0) } ?? []
    }

    /// The values of a numeric element as integers; what is no integer is left out.
    public func integers(_ tag: Tag) -> [Int] { self[tag]?.integers ?? [] }

    /// The first value as integer.
    public func integer(_ tag: Tag) -> Int? { self[tag]?.integers.first }

    /// The values of a numeric element as numbers; what is no finite number is left out.
    public func decimals(_ tag: Tag) -> [Double] { self[tag]?.decimals ?? [] }

    /// The first value as name; `nil` when it is absent or empty.
    public func personName(_ tag: Tag, characterSet: SpecificCharacterSet? = nil) -> PersonName? {
        string(tag, characterSet: characterSet).map { PersonName($0) }
    }

    /// The items of a sequence; empty when it is absent.
    public func items(_ tag: Tag) -> [DataSet] { self[tag]?.items ?? [] }
}
