import Testing
import TrancheTestKit

@Suite("Inventory stores do what they promise", .serialized)
struct InventoryStoreConformanceTests {
    @Test(
        "The claim holds",
        arguments: TestBackend.available + TestBackend.apart,
        ConformanceCase.all
    )
    func holds(on backend: TestBackend, _ claim: ConformanceCase) async throws {
        try await claim.check(backend.makeSubject())
    }
}
