/// How far a decoder goes to read a Data Set that is not as the standard demands.
public enum Tolerance: Sendable, Hashable {
    /// What can be read one way only is read; what contradicts itself is refused: for objects that come in.
    case unambiguous
    /// Lengths and delimiters that contradict each other, and a missing end, are read as far as there is sense in them:
    /// for looking into files and making new ones of them.
    case salvage
}
