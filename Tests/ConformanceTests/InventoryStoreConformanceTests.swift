import Foundation
import Testing
import TrancheTestKit

/// The claims on every second backend, one after another; the others run beside them, in
/// ``OtherStoreConformanceTests``.
@Suite("Inventory stores do what they promise", .serialized, .schemaPool)
struct InventoryStoreConformanceTests {
    /// The claims; `TRANCHE_TEST_CLAIMS` narrows them to those with these words in the name.
    static let claims = ConformanceCase.all.filter { claim in
        ProcessInfo.processInfo.environment["TRANCHE_TEST_CLAIMS"].map {
            claim.name.contains($0)
        } ?? true
    }

    @Test("The claim holds", arguments: TestBackend.halves[0], claims)
    func holds(on backend: TestBackend, _ claim: ConformanceCase) async throws {
        try await SchemaPool.lending { try await claim.check(backend.makeSubject()) }
    }
}

@Suite("Other inventory stores do what they promise", .serialized, .schemaPool)
struct OtherStoreConformanceTests {
    @Test(
        "The claim holds there, too",
        arguments: TestBackend.halves[1],
        InventoryStoreConformanceTests.claims
    )
    func holds(on backend: TestBackend, _ claim: ConformanceCase) async throws {
        try await SchemaPool.lending { try await claim.check(backend.makeSubject()) }
    }
}
