import Crypto
import Platform
import RootKeys
import Sealing
import TestKit
import Testing

@Suite struct `A root key of a passphrase` {
    private let disk = MemoryDisk()
    private let path = "/data.keys/passphrase-salt"

    /// Cheap enough for tests; the standard cost is used once.
    private func provider(
        _ passphrase: String,
        cost: PassphraseRootKeyProvider.Cost = .init(n: 16, r: 8, p: 1)
    ) -> PassphraseRootKeyProvider {
        PassphraseRootKeyProvider(
            path: path,
            disk: disk,
            pool: TestPool.shared,
            random: SeededRandomSource(),
            cost: cost
        ) { () throws(RootKeyError) in passphrase }
    }

    @Test func `unwraps with the same passphrase after another start, and with no other`() async throws {
        let key = SymmetricKey(size: .bits256)
        let first = provider("correct horse battery")
        try await first.prepare(mayCreate: true)
        let wrapped = try await first.wrap(key)

        let second = provider("correct horse battery", cost: .standard)
        try await second.prepare(mayCreate: false)
        let other = provider("correct horse batterz")
        try await other.prepare(mayCreate: false)

        #expect(wrapped.count == 40)
        #expect(try await second.unwrap(wrapped) == key)
        let error = await #expect(throws: RootKeyError.self) { try await other.unwrap(wrapped) }
        #expect(error?.code == .wrongKey)
    }

    @Test func `keeps salt and cost in one line, 2^17, 8 and 1 unless told otherwise`() async throws {
        try await provider("correct horse battery", cost: .standard).prepare(mayCreate: true)

        let text = String(decoding: disk.content(path) ?? [], as: UTF8.self)

        #expect(text.hasPrefix("cassette-scrypt-1:131072:8:1:"))
        #expect(text.count == "cassette-scrypt-1:131072:8:1:".count + 65)
    }

    @Test func `is refused when it is short, when the salt is missing, or when that is damaged`() async throws {
        await #expect(throws: RootKeyError.self) { try await provider("short").prepare(mayCreate: true) }
        let missing = await #expect(throws: RootKeyError.self) {
            try await provider("correct horse battery").prepare(mayCreate: false)
        }
        #expect(missing?.code == .missing)
        for text in [
            "", "cassette-scrypt-1", "cassette-scrypt-1:3:8:1:" + String(repeating: "00", count: 32),
            "cassette-scrypt-1:16777216:32:1:" + String(repeating: "00", count: 32),
        ] {
            disk.setContent(path, Array(text.utf8))
            let error = await #expect(throws: RootKeyError.self, "\(text)") {
                try await provider("correct horse battery").prepare(mayCreate: false)
            }
            #expect(error?.code == .malformed || error?.code == .missing)
        }
    }
}
