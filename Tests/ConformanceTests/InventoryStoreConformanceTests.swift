import Foundation
import Testing
import TrancheTestKit

@Suite("Inventory stores do what they promise", .serialized, .schemaPool)
struct InventoryStoreConformanceTests {
    @Test(
        "The claim holds",
        arguments: TestBackend.available + TestBackend.apart,
        ConformanceCase.all.filter { claim in
            // TRANCHE_TEST_CLAIMS narrows them to those with these words in the name.
            ProcessInfo.processInfo.environment["TRANCHE_TEST_CLAIMS"].map {
                claim.name.contains($0)
            } ?? true
        }
    )
    func holds(on backend: TestBackend, _ claim: ConformanceCase) async throws {
        try await SchemaPool.lending { try await claim.check(backend.makeSubject()) }
    }
}
