import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQLite

@testable import TrancheHTTP

@Suite("Files in object stores", .timeLimit(.minutes(10)))
struct ObjectTests {
    /// Loads an object, and tells what came of it and the ids that were read.
    private func load(
        _ location: ByteLocation,
        _ inventory: Inventory,
        job: String = "load",
        workers: Int = 1,
        grows: Bool = false
    ) async throws -> (report: ChainReport, names: [String]) {
        let sink = MemorySink()
        var options = chainOptions(job, workers: workers)
        if grows { options.end = .whenNothingIsReady }
        let report = try await Chain(reading: CSVSource(location, grows: grows))
            .write(to: sink)
            .run(through: inventory, options)
        return (report, sink.records.map { $0.text("name") ?? "" })
    }

    private func failure(_ body: () async throws -> Void) async throws -> TrancheError {
        try await #require(throws: TrancheError.self) { try await body() }
    }

    @Test("An object is loaded in batches, by several workers", arguments: TestBucket.Kind.allCases)
    func loads(kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        // moto refuses the signature of other names, also when Amazon's own library has made it.
        let key = kind == .s3 ? "a b/1.csv" : "a b/ü,1?&%.csv"
        try await bucket.put(Array(customers(2000).utf8), as: key)
        try await withInventory { inventory, _ in
            let location = try bucket.location(key)
            let (report, names) = try await load(location, inventory, workers: 2)
            #expect(report.isSuccess)
            #expect(report.succeeded > 5)
            #expect(names.count == 2000)
            #expect(Set(names).count == 2000)
            #expect(names.contains("Zoé,\n7"))
        }
    }

    @Test("Compressed objects are decompressed", arguments: TestBucket.Kind.allCases)
    func decompresses(kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        try await withInventory { inventory, folder in
            let path = folder.path("customers.csv")
            try Data(customers(500).utf8).write(to: URL(filePath: path))
            try Compression.gzip(path)
            let bytes = try Data(contentsOf: URL(filePath: path + ".gz"))
            try await bucket.put(Array(bytes), as: "customers.csv.gz")
            let (_, names) = try await load(bucket.location("customers.csv.gz"), inventory)
            #expect(names.count == 500)
        }
    }

    @Test("An object that was replaced is refused by name", arguments: TestBucket.Kind.allCases)
    func refusesChanges(kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        try await bucket.put(Array(customers(500).utf8), as: "c.csv")
        try await withInventory { inventory, _ in
            let location = try bucket.location("c.csv")
            _ = try await load(location, inventory)
            // As large as before, so that only its tag tells.
            let other = customers(500).replacing("Zoé 1\n", with: "Zoë 1\n")
            try await bucket.put(Array(other.utf8), as: "c.csv")
            let error = try await failure { _ = try await load(location, inventory) }
            #expect(error.code == .redefined)
        }
    }

    @Test("An object that grows is followed", arguments: TestBucket.Kind.allCases)
    func follows(kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        let rows = Array(customers(500).utf8)
        try await bucket.put(Array(rows.prefix(3000)), as: "c.csv")
        try await withInventory { inventory, _ in
            let location = try bucket.location("c.csv")
            let first = try await load(location, inventory, grows: true).names
            #expect(!first.isEmpty)
            try await bucket.put(rows, as: "c.csv")
            let second = try await load(location, inventory, grows: true).names
            #expect(first.count + second.count == 500)
            #expect(Set(first).isDisjoint(with: second))
        }
    }

    @Test("What is not there is said", arguments: TestBucket.Kind.allCases)
    func missing(kind: TestBucket.Kind) async throws {
        let bucket = try await TestBucket(kind)
        try await withInventory { inventory, _ in
            let object = try bucket.location("none.csv")
            let error = try await failure { _ = try await load(object, inventory) }
            #expect(error.code == .invalidSource)
            #expect(error.message.contains(try bucket.url("none.csv")))
            let scheme = kind == .google ? "gs" : "s3"
            let nowhere = try ByteLocation.object(
                "\(scheme)://no-bucket-here/a.csv",
                bucket.configuration
            )
            let other = try await failure { _ = try await load(nowhere, inventory) }
            #expect(other.code == .invalidSource)
            #expect(other.message.contains("no-bucket-here"))
        }
    }

    @Test("A wrong secret is told, and not shown")
    func unauthorised() async throws {
        let bucket = try await TestBucket(.s3)
        try await bucket.put(Array(customers(5).utf8), as: "c.csv")
        var environment = try TestBucket.s3Environment()
        environment["AWS_SECRET_ACCESS_KEY"] = "wrong-secret"
        let configuration = try ObjectStoreConfiguration(environment: environment)
        try await withInventory { inventory, _ in
            let location = try ByteLocation.object(bucket.url("c.csv"), configuration)
            let error = try await failure { _ = try await load(location, inventory) }
            #expect(error.message.contains("SignatureDoesNotMatch"))
            #expect(!error.message.contains("wrong-secret"))
        }
    }

    @Test("Only the bytes of a batch and its edges are fetched")
    func fetchesLittle() async throws {
        let content = Array(customers(60_000).utf8)
        try await withStore(content) { server, configuration in
            try await withInventory { inventory, _ in
                let location = try ByteLocation.object("s3://bucket/c.csv", configuration)
                let source = CSVSource(location)
                _ = try await inventory.acquireBatch(
                    from: source,
                    job: "load",
                    limit: .weight(100_000)
                )
                let asked = server.requests.compactMap { $0.headers["range"] }
                let bytes = asked.compactMap { Self.size(of: $0) }.reduce(0, +)
                // The header, the batch, and what is read to find the end of its last record.
                #expect(bytes < 2 * 262_144 + 65_536)
                #expect(bytes < content.count)
            }
        }
    }

    @Test("A large object is read in large parts, each about twice at most")
    func readsAhead() async throws {
        let content = Array(customers(150_000).utf8)
        try await withStore(content) { server, configuration in
            try await withInventory { inventory, _ in
                let location = try ByteLocation.object("s3://bucket/c.csv", configuration)
                let sink = NoOpSink()
                let report = try await Chain(reading: CSVSource(location)).write(to: sink)
                    .run(through: inventory, chainOptions(weight: 1_000_000))
                #expect(report.counters[CounterName.written] == 150_000)
                let asked = server.requests.compactMap { $0.headers["range"] }
                let bytes = asked.compactMap { Self.size(of: $0) }.reduce(0, +)
                #expect(bytes < 3 * content.count)
                // Asking for the state is one request a batch.
                #expect(asked.count < 60)
            }
        }
    }

    private static func size(of range: String) -> Int? {
        let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
        return ends.count == 2 ? ends[1] - ends[0] + 1 : nil
    }

    /// A store that answers as S3 does, with one object.
    private func withStore(
        _ content: [UInt8],
        spoiling spoil: @escaping @Sendable (LocalHTTPServer.Reply, Int) -> LocalHTTPServer.Reply =
            {
                reply,
                _ in reply
            },
        _ body: (LocalHTTPServer, ObjectStoreConfiguration) async throws -> Void
    ) async throws {
        try await withHTTPServer { request, before in
            guard let range = request.headers["range"] else { return .init(200, content) }
            let ends = range.dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
            let last = min(ends[1], content.count - 1)
            let reply = LocalHTTPServer.Reply(
                206,
                Array(content[ends[0]...last]),
                headers: [
                    "Content-Range": "bytes \(ends[0])-\(last)/\(content.count)", "ETag": "\"one\"",
                ]
            )
            return spoil(reply, before)
        } _: { server in
            let configuration = try ObjectStoreConfiguration(
                environment: ["AWS_ENDPOINT_URL_S3": server.url]
            )
            try await body(server, configuration)
        }
    }

    private func read(
        _ configuration: ObjectStoreConfiguration,
        _ range: Range<Int64>
    ) async throws -> [UInt8] {
        let reader = try await ByteLocation.object("s3://bucket/c.csv", configuration).open()
        return try await reader.read(range)
    }

    @Test("A part that is too short is asked for again")
    func shortRead() async throws {
        let content = Array("0123456789".utf8)
        try await withStore(content) { reply, before in
            var reply = reply
            if before == 1 { reply.body.removeLast() }
            return reply
        } _: { server, configuration in
            let bytes = try await read(configuration, 2..<8)
            #expect(bytes == Array("234567".utf8))
            #expect(server.requests.count == 3)
        }
    }

    @Test("Parts that stay too short, or are others, are an error")
    func wrongRange() async throws {
        let content = Array("0123456789".utf8)
        for isShort in [true, false] {
            try await withStore(content) { reply, before in
                var reply = reply
                guard before > 0 else { return reply }
                if isShort {
                    reply.body.removeLast()
                } else {
                    reply.headers["Content-Range"] = "bytes 0-5/10"
                }
                return reply
            } _: { _, configuration in
                let error = try await failure { _ = try await read(configuration, 2..<8) }
                #expect(error.code == .sourceUnavailable)
                #expect(error.message.contains("s3://bucket/c.csv"))
            }
        }
    }

    @Test("A part of another size of object, or a whole one, is refused")
    func otherObject() async throws {
        // Larger than what is looked at to find out what it is.
        let content = [UInt8](repeating: 0x30, count: 100_000)
        try await withStore(content) { reply, before in
            var reply = reply
            if before > 0 { reply.headers["Content-Range"] = "bytes 2-7/11" }
            return reply
        } _: { _, configuration in
            let error = try await failure { _ = try await read(configuration, 2..<8) }
            #expect(error.code == .redefined)
        }
        try await withStore(content) { reply, before in
            before > 0 ? .init(200, content) : reply
        } _: { _, configuration in
            let error = try await failure { _ = try await read(configuration, 2..<8) }
            #expect(error.code == .invalidSource)
            #expect(error.message.contains("knows no ranges"))
        }
        try await withStore(content) { reply, before in
            before > 0 ? .init(412) : reply
        } _: { server, configuration in
            let error = try await failure { _ = try await read(configuration, 2..<8) }
            #expect(error.code == .redefined)
            #expect(server.requests.last?.headers["if-match"] == "\"one\"")
        }
    }

    @Test("A part of another object of the same size is refused, whatever the store does")
    func otherContent() async throws {
        let content = [UInt8](repeating: 0x30, count: 100_000)
        for status in [206, 200] {
            try await withStore(content) { reply, before in
                var reply = reply
                guard before > 0 else { return reply }
                reply.headers["ETag"] = "\"two\""
                reply.status = status
                return reply
            } _: { _, configuration in
                let error = try await failure { _ = try await read(configuration, 2..<8) }
                #expect(error.code == .redefined)
                #expect(error.message.contains("has changed since it was opened"))
            }
        }
    }

    @Test("Each part is asked for of the generation that was seen first")
    func generations() async throws {
        let content = [UInt8](repeating: 0x30, count: 100_000)
        for isHeeded in [true, false] {
            try await withHTTPServer { request, before in
                guard let range = request.headers["range"] else {
                    return .init(
                        200,
                        text: "{\"size\": \"\(content.count)\", \"generation\": \"7\"}"
                    )
                }
                let ends = range.dropFirst("bytes=".count).split(separator: "-")
                    .compactMap { Int($0) }
                if isHeeded, before > 1 { return .init(412) }
                return .init(
                    206,
                    Array(content[ends[0]...ends[1]]),
                    headers: [
                        "Content-Range": "bytes \(ends[0])-\(ends[1])/\(content.count)",
                        "x-goog-generation": before > 1 ? "8" : "7",
                    ]
                )
            } _: { server in
                let configuration = try ObjectStoreConfiguration(
                    environment: ["STORAGE_EMULATOR_HOST": server.url]
                )
                let reader = try await ByteLocation.object("gs://bucket/c.csv", configuration)
                    .open()
                _ = try await reader.read(0..<8)
                let error = try await failure { _ = try await reader.read(90_000..<90_008) }
                #expect(error.code == .redefined)
                let asked = try #require(server.requests.last?.target)
                #expect(asked.contains("ifGenerationMatch=7"))
            }
        }
    }

    @Test(
        "What names no object is refused",
        arguments: [
            "http://a/b", "gs://", "gs:///a", "s3://bucket", "s3://bucket/dir/", "gs://a b/c",
        ]
    )
    func badNames(url: String) throws {
        let configuration = try ObjectStoreConfiguration(environment: [:])
        let error = #expect(throws: TrancheError.self) {
            _ = try ByteLocation.object(url, configuration)
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test("Half of a key is refused")
    func halfKey() {
        let error = #expect(throws: TrancheError.self) {
            _ = try ObjectStoreConfiguration(environment: ["AWS_ACCESS_KEY_ID": "a"])
        }
        #expect(error?.message.contains("AWS_SECRET_ACCESS_KEY") == true)
    }

    @Test("Which part an answer has is read as the standard says")
    func contentRanges() throws {
        let range = try #require(ContentRange("bytes 0-99/1234"))
        #expect(range.range == 0..<100)
        #expect(range.size == 1234)
        #expect(ContentRange("bytes 5-5/*")?.size == nil)
        #expect(ContentRange("bytes 5-5/*")?.range == 5..<6)
        for text in ["", "bytes */10", "bytes 9-5/10", "items 0-1/2", "bytes a-b/c", "bytes 0-1"] {
            #expect(ContentRange(text) == nil)
        }
    }
}

enum Compression {
    static func gzip(_ path: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-k", path]
        try process.run()
        process.waitUntilExit()
    }
}
