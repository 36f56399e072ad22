package import Foundation

/// A folder of a test's own.
package struct TemporaryFolder: Sendable {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tranche-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    package func path(_ name: String) -> String {
        url.appending(path: name).path
    }

    package func remove() throws {
        // A closed database takes its side files away in its own time, perhaps just now.
        for _ in 0..<20 where (try? FileManager.default.removeItem(at: url)) != nil { return }
        try FileManager.default.removeItem(at: url)
    }
}

/// Runs `body` with a folder of its own, and removes that.
package func withTemporaryFolder<R>(_ body: (TemporaryFolder) async throws -> R) async throws -> R {
    let folder = try TemporaryFolder()
    do {
        let result = try await body(folder)
        try folder.remove()
        return result
    } catch {
        try folder.remove()
        throw error
    }
}
