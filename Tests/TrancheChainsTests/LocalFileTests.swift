import Foundation
import Glibc
import TestSupport
import Testing

@testable import TrancheChains

@Suite("Files on disk")
struct LocalFileTests {
    @Test("A time beyond any that a file can have been changed at tells its versions apart, too")
    func timeBeyond() async throws {
        // In memory: other file systems keep no such time.
        let path = "/dev/shm/tranche-\(UUID())"
        try Data("a\n".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var versions: Set<String> = []
        for seconds in [1_764_500_000_000_000, 1_764_500_000_000_001, 1_764_500_000, -1] {
            let time = timespec(tv_sec: seconds, tv_nsec: 7000)
            #expect(utimensat(AT_FDCWD, path, [time, time], 0) == 0)
            versions.insert(try await LocalFile(path).state().version)
        }
        #expect(versions.count == 4)
        #expect(versions.contains("modified 2025-11-30T10:53:20.000007Z"))
    }
}
