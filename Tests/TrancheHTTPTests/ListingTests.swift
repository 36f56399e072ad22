import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQL

@testable import TrancheHTTP

@Suite("Listings as sources of files", .timeLimit(.minutes(10)))
struct ListingTests {
    private func withStore(
        _ backend: TestDatabase.Backend,
        _ body: (TestDatabase, Inventory) async throws -> Void
    ) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            let inventory = try await database.open()
            try await body(database, inventory)
            await inventory.close()
        }
    }

    private func listing(_ bucket: TestBucket, _ database: TestDatabase) throws -> ObjectListing {
        ObjectListing(
            try bucket.url("in-"),
            table: database.prefix + "incoming_file",
            bucket.configuration
        )
    }

    private func drain(
        _ inventory: Inventory,
        _ source: ObjectListing,
        weight: Double = 1000
    ) async throws -> [[(id: Int64, url: String)]] {
        var batches: [[(id: Int64, url: String)]] = []
        while let batch = try await inventory.acquireBatch(
            from: source,
            job: "import",
            limit: .weight(weight)
        ) {
            let items = try await batch.items
            batches.append(items.map { ($0.id, $0.item.text ?? "") })
            try await batch.succeed()
        }
        return batches
    }

    @Test(
        "Files are handed out once, by the number under which they were registered",
        arguments: TestBucket.Kind.allCases,
        TestDatabase.Backend.available
    )
    func registers(kind: TestBucket.Kind, backend: TestDatabase.Backend) async throws {
        let bucket = try await TestBucket(kind)
        for (name, size) in [("in-b.csv", 400), ("in-c.csv", 500), ("other.csv", 5)] {
            try await bucket.put([UInt8](repeating: 65, count: size), as: name)
        }
        try await withStore(backend) { database, inventory in
            let source = try listing(bucket, database)
            let first = try await drain(inventory, source)
            #expect(first.count == 1)
            #expect(first.first?.map(\.id) == [1, 2])
            let urls = try [bucket.url("in-b.csv"), bucket.url("in-c.csv")]
            #expect(first.first?.map(\.url) == urls)
            // One that comes before the others by name, and one that was replaced.
            try await bucket.put([65], as: "in-a.csv")
            try await bucket.put([66], as: "in-b.csv")
            let second = try await drain(inventory, source).flatMap { $0 }
            #expect(second.map(\.id) == [3, 4])
            #expect(second.map(\.url) == [try bucket.url("in-a.csv"), try bucket.url("in-b.csv")])
            let third = try await drain(inventory, source)
            #expect(third.isEmpty)
        }
    }

    @Test("A trial registers nothing", arguments: TestDatabase.Backend.available)
    func tries(backend: TestDatabase.Backend) async throws {
        let bucket = try await TestBucket(.google)
        try await bucket.put([65], as: "in-a.csv")
        try await withStore(backend) { database, inventory in
            let source = try listing(bucket, database)
            for _ in 1...2 {
                let trial = try await source.register(beside: inventory.store, isTrial: true)
                #expect(trial == .init(found: 1, added: 1))
            }
            let done = try await source.register(beside: inventory.store)
            #expect(done == .init(found: 1, added: 1))
            let again = try await source.register(beside: inventory.store)
            #expect(again == .init(found: 1, added: 0))
            try await bucket.put([65, 66], as: "in-a.csv")
            let replaced = try await source.register(beside: inventory.store)
            #expect(replaced == .init(found: 1, added: 1, changed: 1))
        }
    }

    @Test(
        "Two who register at once give each file one number",
        arguments: TestDatabase.Backend.available
    )
    func registersTogether(backend: TestDatabase.Backend) async throws {
        let bucket = try await TestBucket(.google)
        for number in 0..<30 { try await bucket.put([65], as: "in-\(number).csv") }
        try await withStore(backend) { database, inventory in
            let source = try listing(bucket, database)
            let added = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...4 {
                    group.addTask { try await source.register(beside: inventory.store).added }
                }
                return try await group.reduce(0, +)
            }
            #expect(added == 30)
            let rows = try await database.read(
                "SELECT uid FROM \(database.name("incoming_file")) ORDER BY uid"
            )
            #expect(rows.map { $0[0] } == (1...30).map(String.init))
        }
    }

    @Test("A listing of several pages is read to its end")
    func readsPages() async throws {
        try await withHTTPServer { request, _ in
            let isSecond = request.target.contains("pageToken=more")
            let names = isSecond ? ["c", "d/"] : ["a", "b"]
            let items = names.map {
                "{\"name\": \"in-\($0)\", \"size\": \"3\", \"generation\": \"1\"}"
            }
            let next = isSecond ? "" : ", \"nextPageToken\": \"more\""
            return .init(200, text: "{\"items\": [\(items.joined(separator: ","))]\(next)}")
        } _: { server in
            let configuration = try ObjectStoreConfiguration(
                environment: ["STORAGE_EMULATOR_HOST": server.url]
            )
            try await withStore(.sqlite) { database, inventory in
                let source = ObjectListing("gs://b/in-", table: "file", configuration)
                let done = try await source.register(beside: inventory.store)
                #expect(done == .init(found: 3, added: 3))
            }
        }
    }

    @Test(
        "A prefix may have slashes, and signs that a query encodes",
        arguments: TestBucket.Kind.allCases
    )
    func encodedPrefixes(kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        let prefixes = ["in/2026-01/", "p+lus/", "sp ace/", "grün=&~/"]
        for prefix in prefixes {
            try await bucket.put([65], as: prefix + "a.csv")
            try await bucket.put([65, 66], as: prefix + "p+q ü.csv")
        }
        try await withStore(.sqlite) { database, inventory in
            for (place, prefix) in prefixes.enumerated() {
                let source = ObjectListing(
                    try bucket.url(prefix),
                    table: "\(database.prefix)file_\(place)",
                    bucket.configuration
                )
                let urls = try await drain(inventory, source).flatMap { $0 }.map(\.url)
                let names = ["a.csv", "p+q ü.csv"].map { prefix + $0 }
                #expect(urls == (try names.map(bucket.url)))
            }
        }
    }

    @Test("The next page of S3 is asked for by its token, encoded and in order")
    func readsPagesOfS3() async throws {
        let asked = Mutex<[String]>([])
        try await withHTTPServer { request, _ in
            asked.withLock { $0.append(request.target) }
            let isSecond = request.target.contains("continuation-token")
            let next = isSecond ? "" : "<NextContinuationToken>1/a+b=</NextContinuationToken>"
            let key = isSecond ? "in/b" : "in/a"
            let entry = "<Contents><Key>\(key)</Key><Size>3</Size></Contents>"
            return .init(200, text: "<ListBucketResult>\(entry)\(next)</ListBucketResult>")
        } _: { server in
            let configuration = try ObjectStoreConfiguration(
                environment: [
                    "AWS_ENDPOINT_URL_S3": server.url, "AWS_ACCESS_KEY_ID": "key",
                    "AWS_SECRET_ACCESS_KEY": "secret",
                ]
            )
            try await withStore(.sqlite) { database, inventory in
                let source = ObjectListing("s3://b/in/", table: "file", configuration)
                let done = try await source.register(beside: inventory.store)
                #expect(done == .init(found: 2, added: 2))
            }
        }
        #expect(
            asked.withLock { $0 } == [
                "/b/?list-type=2&prefix=in%2F",
                "/b/?continuation-token=1%2Fa%2Bb%3D&list-type=2&prefix=in%2F",
            ]
        )
    }

    @Test("A table that is none of these is refused")
    func otherTable() async throws {
        let bucket = try await TestBucket(.google)
        try await withStore(.sqlite) { database, inventory in
            let source = ObjectListing(
                try bucket.url("in-"),
                table: "inventory",
                bucket.configuration
            )
            let error = try await #require(throws: TrancheError.self) {
                _ = try await source.register(beside: inventory.store)
            }
            #expect(error.code == .invalidArgument)
            #expect(error.message.contains("name another table"))
        }
    }
}
