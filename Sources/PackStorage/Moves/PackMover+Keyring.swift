import Logging
import Platform

extension PackMover {
    /// Brings every store that has a copy of the keyring up to the file when this was written anew.
    ///
    /// A store that fails is told of and tried again by the next call.
    ///
    /// - Throws: `.cancelled` alone.
    public func renewKeyrings() async throws(PackError) {
        guard let keyring else { return }
        for named in tiers.stores {
            do throws(PackError) {
                try await keyring.renew(in: named)
            } catch {
                guard error.code != .cancelled else { throw error }
                packs.logger.warning(
                    "a store still has an older keyring; it will be tried again",
                    metadata: ["store": "\(named.name)", LogKeys.error: "\(error.description)"]
                )
            }
        }
    }
}
