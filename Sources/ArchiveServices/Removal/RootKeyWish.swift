/// What an epoch does with the root key; an epoch that ends by itself always keeps it.
///
/// Operators keep a copy of the root key elsewhere: a new one makes that copy worthless, so only an operator asks for it.
public enum RootKeyWish: Sendable, Hashable {
    /// It stays: whoever holds it opens older copies of the keyring still.
    case keep
    /// A new one takes its place and the old one is destroyed.
    case renew(withoutEscrow: Bool)

    /// Whether a new one is asked for.
    var isRenewal: Bool { self != .keep }
}
