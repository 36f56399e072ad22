import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("Files as the records of events")
struct FileSupplyTests {
    /// Reads all records of a file.
    private func read(
        _ text: String,
        _ body: (String) -> any MetaSourceDescription
    ) async throws -> (ids: [String], error: TrancheError?) {
        try await withTemporaryFolder { folder in
            let path = folder.path("in.txt")
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let supply = try await FileSupply([
                FileSupply.File(item: 1, path: path, source: body(path))
            ])
            let records = try await supply.records { _ in }
            var ids: [String] = []
            do {
                while let chunk = try await records.next() {
                    ids += chunk.map { $0.text("id") ?? "" }
                }
                return (ids, nil)
            } catch let error as TrancheError {
                return (ids, error)
            }
        }
    }

    @Test(
        "What ends a file too early is told behind the records before it",
        arguments: [
            ("id,name\n1,a\n2,\"b\n3,c\n", ["1"], "opened at offset 14, in the record"),
            ("[{\"id\":1},{\"id\":2}", ["1", "2"], "ends without ']', at offset 18"),
            ("[{\"id\":1}]\n[{\"id\":2}]", ["1"], "something behind the array, at offset 11"),
        ]
    )
    func endsTooEarly(text: String, ids: [String], words: String) async throws {
        let found = try await read(text) { path in
            if text.hasPrefix("[") { JSONLinesSource(path) } else { CSVSource(path) }
        }
        #expect(found.ids == ids)
        #expect(found.error?.code == .invalidItem)
        #expect(found.error?.message.contains(words) == true, "\(found.error?.message ?? "")")
        #expect(found.error?.message.contains("redefine") == false)
    }

    @Test("All records of a file that is read in several pieces are there, once")
    func pieces() async throws {
        let text = ChainWorld.csv(rows: 120_000) + "\n\n"
        let found = try await read(text) { CSVSource($0) }
        #expect(found.error == nil)
        #expect(found.ids == (1...120_000).map { "\($0)" })
    }
}
