import Tranche

extension SQLInventoryStore: ChangeMarkStore {
    package func changeMark() async throws -> String? {
        try await wrapping { try await database.changeMark() }
    }
}
