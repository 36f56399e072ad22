import Foundation
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("How large batches were asked for", .timeLimit(.minutes(5))) struct AskedSizeTests {
    @Test(
        "The newest batch tells its limit exactly, or the target time that found it",
        arguments: TestDatabase.Backend.available
    )
    func newest(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            try await database.makeItems(1...20)
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "item")
            func size(after request: BatchRequest) async throws -> AskedSize? {
                guard case .batch = try await inventory.acquire(request, from: source) else {
                    Issue.record("no batch")
                    return nil
                }
                let run = try #require(try await inventory.runs().first)
                return try await inventory.askedSize(of: run)
            }
            var request = BatchRequest(job: "j", limit: .weight(3.5))
            #expect(try await size(after: request)?.limit == .weight(3.5))
            request.limit = BatchLimit(weight: 4, count: 2)
            #expect(try await size(after: request)?.limit == BatchLimit(weight: 4, count: 2))
            request.limit = BatchLimit()
            request.targetTime = TargetTime(.milliseconds(1500), least: 2, most: 3)
            let timed = try #require(try await size(after: request))
            #expect(timed.limit == BatchLimit())
            #expect(timed.targetTime == TargetTime(.milliseconds(1500), least: 2, most: 3))
            request.targetTime = nil
            let open = try #require(try await size(after: request))
            #expect(open.limit == BatchLimit())
            #expect(open.targetTime == nil)
            await inventory.close()
        }
    }

    @Test("A weight of another column, and what was written by something else, tell nothing")
    func unknown() {
        func config(_ rest: String) -> String {
            #"{"meta_table":{"name":"t","cols":{"uid":"id","weight":"w"}}\#(rest)}"#
        }
        #expect(AskedSize(config: config(#","batch_weight":3"#), weight: "w")?.limit == .weight(3))
        #expect(AskedSize(config: config(#","batch_weight":3"#), weight: "v") == nil)
        #expect(AskedSize(config: config(#","batch_count":3"#), weight: "v")?.limit == .count(3))
        #expect(AskedSize(config: config(#","batch_count":0"#), weight: "w") == nil)
        #expect(AskedSize(config: config(#","target_ms":0"#), weight: "w") == nil)
        #expect(AskedSize(config: "{}", weight: nil) == nil)
        #expect(AskedSize(config: "null", weight: nil) == nil)
    }
}
