import Foundation
import Testing
import TrancheTestKit

/// The claims of every second pair of a backend and a claim, one after another; the others run
/// beside them, in ``OtherStoreConformanceTests``.
@Suite("Inventory stores do what they promise", .serialized, .schemaPool)
struct InventoryStoreConformanceTests {
    /// All backends with their claims in two halves, each of which has one suite that runs in
    /// order; `TRANCHE_TEST_CLAIMS` narrows the claims to those with these words in the name.
    static let halves: [[(TestBackend, ConformanceCase)]] = {
        let words = ProcessInfo.processInfo.environment["TRANCHE_TEST_CLAIMS"]
        var pairs: [(TestBackend, ConformanceCase)] = []
        for backend in TestBackend.available + TestBackend.apart {
            for claim in backend.claims where words.map({ claim.name.contains($0) }) ?? true {
                pairs.append((backend, claim))
            }
        }
        return [0, 1].map { half in
            pairs.indices.filter { $0 % 2 == half }.map { pairs[$0] }
        }
    }()

    @Test("The claim holds", arguments: halves[0])
    func holds(on backend: TestBackend, _ claim: ConformanceCase) async throws {
        try await SchemaPool.lending { try await claim.check(backend.makeSubject()) }
    }
}

@Suite("Other inventory stores do what they promise", .serialized, .schemaPool)
struct OtherStoreConformanceTests {
    @Test("The claim holds there, too", arguments: InventoryStoreConformanceTests.halves[1])
    func holds(on backend: TestBackend, _ claim: ConformanceCase) async throws {
        try await SchemaPool.lending { try await claim.check(backend.makeSubject()) }
    }
}
