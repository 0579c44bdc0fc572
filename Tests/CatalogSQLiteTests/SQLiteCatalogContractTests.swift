import CatalogSQLite
import Testing

@Suite struct `The catalog contract on SQLite` {
    @Test(arguments: CatalogContract.all)
    func `it holds`(_ contract: CatalogContract) async throws {
        let folder = try IndexFolder()

        try await contract.check(try folder.catalog())
    }
}
