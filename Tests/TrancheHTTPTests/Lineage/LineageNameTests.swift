import Foundation
import TestSupport
import Testing
import Tranche
import TrancheConnectors

@testable import TrancheHTTP

@Suite("Names in events of OpenLineage") struct LineageNameTests {
    private var known: LineageInventory {
        var known = LineageInventory(named: "postgresql://db:5433/shop")
        known.table = "ops.inventory"
        return known
    }

    /// Database, table, uid and place of a source; name space and name.
    private static let sourceTable = """
        postgresql:7/x | photo | id | postgresql://db/shop | postgres://db:5432 | shop.public.photo
        postgresql:7/x | raw.photo | id | postgresql://db:5433/shop | postgres://db:5433 | shop.raw.photo
        postgresql:7/x | raw.photo | id | postgresql://a:1,b:2/shop | postgres://a:1 | shop.raw.photo
        postgresql:7/x | photo | id | postgresql:///run/postgresql/shop | postgres://localhost:5432 | shop.public.photo
        postgresql:7/x | photo | id | postgresql://[::1]/shop | postgres://[::1]:5432 | shop.public.photo
        sqlite:/data/x.db | photo | id | sqlite:/data/x.db | sqlite:///data/x.db | photo
        sqlite:/data/x.db | main.photo | id | - | sqlite:///data/x.db | photo
        /data/in.csv of 5 bytes, x | csv:/data/in.csv | offset | - | file | /data/in.csv
        x | jsonl:s3://bucket/a/b.jsonl | offset | - | s3://bucket | a/b.jsonl
        x | csv:gs://bucket/a.csv | offset | - | gs://bucket | a.csv
        MongoDB rs0, shop | mongodb://m1,m2:2/shop.orders?replicaSet=rs0 | n | - | mongodb://m1:27017 | shop.orders
        MongoDB rs0, shop | mongodb+srv://c.example/shop.orders | n | - | mongodb://c.example | shop.orders
        postgresql:7/x#inventory, job 'clean' | inventory:clean | completion | - | postgres://db:5433 | shop.ops.inventory/clean
        postgresql:7/x | input:uploads | number | - | postgres://db:5433 | shop.ops.inventory_event/uploads
        postgresql:7/x | pages:orders | number | - | postgres://db:5433 | shop.ops.inventory_page/orders
        memory:items | items | id | - | inmemory:// | items
        """

    @Test("A source is named by the specification's conventions", arguments: rows(of: sourceTable))
    func sources(_ row: [String]) {
        let definition = SourceDefinition(database: row[0], table: row[1], uid: row[2])
        let place = row[3] == "-" ? nil : row[3]
        let dataset = LineageDataset(definition, at: place, in: known)
        #expect(dataset == LineageDataset(row[4], row[5]))
    }

    /// A target as runs keep it; name space and name.
    private static let targetTable = """
        table 'person' (key id) | postgres://db:5433 | shop.public.person
        table 'raw.person' in postgresql://w:1/dwh (key id; cleaned) | postgres://w:1 | dwh.raw.person
        table 'person' in sqlite:/d/x (1).db (key id) | sqlite:///d/x (1).db | person
        csv '/d/it's (1).csv' (a file for each batch) | file | /d/it's (1).csv
        json lines '/d/out.jsonl' | file | /d/out.jsonl
        mongodb://m/shop.person (key _id) | mongodb://m:27017 | shop.person
        webhook https://h:8/in/x | https://h:8 | in/x
        graph http://h:7474/neo4j (statement 7a) | http://h:7474 | neo4j
        s3://bucket/a.jsonl | s3://bucket | a.jsonl
        """

    @Test("The target of a run is named likewise", arguments: rows(of: targetTable))
    func targets(_ row: [String]) {
        let dataset = LineageDataset(target: row[0], in: known)
        #expect(dataset == LineageDataset(row[1], row[2]))
    }

    private static func rows(of table: String) -> [[String]] {
        table.split(separator: "\n").map { $0.split(separator: " | ").map(String.init) }
    }

    @Test("A run whose records go nowhere has no target")
    func nowhere() {
        #expect(LineageDataset(target: "none", in: known) == nil)
        #expect(LineageDataset(target: "none (cleaned)", in: known) == nil)
    }

    @Test(
        "A run's id tells the attempt: version 7, of its beginning, and the same when asked again"
    )
    func attemptIDs() throws {
        func id(_ batch: Int64, _ attempt: Int, of inventory: String = "i") -> String {
            LineageRunID.attempt(.example(batch, attempt), of: inventory)
        }
        let ids = [id(1, 1), id(1, 2), id(2, 1), id(1, 1, of: "j"), id(11, 1), id(1, 11)]
        #expect(Set(ids).count == ids.count)
        #expect(id(1, 1) == ids[0])
        for id in ids {
            #expect(id.contains(#/^0189bf8f-8000-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/#))
            #expect(UUID(uuidString: id) != nil)
        }
    }

    @Test("The id of a job's run is of version 5: as Python's uuid5 has it")
    func runIDs() {
        let key = RunKey(metaTable: "photo", job: "thumbs", run: "july")
        // uuid.uuid5(uuid.NAMESPACE_URL, "i\nphoto\nthumbs\njuly")
        let id = LineageRunID.run(key, of: "i")
        #expect(id == "d10066cf-9331-58ee-be7c-76c989a05e62")
        #expect(LineageRunID.run(key, of: "j") != id)
    }

    @Test("A condition names the ids: as one range, or as several where there are few")
    func conditions() {
        var batch = BatchRecord.example(1, 1)
        func words() -> String { LineageCondition("id", of: batch).words }
        #expect(words() == "id >= 3 AND id <= 9")
        batch.itemIDs = IDRuns(packed: "3-4,7,9")
        #expect(words() == "((id >= 3 AND id <= 4 OR id = 7) OR id = 9)")
        batch.itemIDs = IDRuns(packed: (0..<17).map { "\(3 + 2 * $0)" }.joined(separator: ","))
        #expect(words() == "id >= 3 AND id <= 9")
        (batch.idStart, batch.itemIDs) = (9, nil)
        #expect(words() == "id = 9")
    }

    @Test("A parent is read from the text that programs find in the environment")
    func parents() throws {
        let run = "01a22385-3119-7e37-b0fa-7fe5bee80dbe"
        let parent = try #require(LineageParent("http://etl/x/nightly.load/\(run)"))
        #expect(parent == LineageParent(namespace: "http://etl/x", job: "nightly.load", run: run))
        #expect("\(parent)" == "http://etl/x/nightly.load/\(run)")
        for text in ["", run, "a/\(run)", "a/b/c", "/b/\(run)", "a//\(run)"] {
            #expect(LineageParent(text) == nil, "\(text)")
        }
    }

    @Test("A text is a file, or an address to which the endpoint is added")
    func destinations() throws {
        func read(_ text: String, _ variables: [String: String] = [:]) throws -> String {
            "\(try LineageDestination(text, Credentials(variables)))"
        }
        #expect(try read("out/x.jsonl") == "out/x.jsonl")
        #expect(try read("http://h:5000") == "http://h:5000/api/v1/lineage")
        #expect(try read("https://h/ol/") == "https://h/ol/api/v1/lineage")
        #expect(try read("http://h/api/v1/lineage") == "http://h/api/v1/lineage")
        #expect(try read("http://h", ["OPENLINEAGE_ENDPOINT": "/in"]) == "http://h/in")
        let refused = [
            "", "ftp://h", "http://u:secret@h", "http://u@h", "http://h?key=secret", "http://h /",
        ]
        for text in refused {
            let error = #expect(throws: TrancheError.self, "\(text)") { try read(text) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("secret") == false)
        }
        let destination = try LineageDestination(
            "http://h",
            Credentials(["OPENLINEAGE_API_KEY": "secret"])
        )
        #expect(!String(reflecting: destination).contains("secret"))
        var dumped = ""
        dump(destination, to: &dumped)
        #expect(!dumped.contains("secret"))
    }
}

extension LineageCondition {
    /// The condition as SQL would have it.
    fileprivate var words: String {
        switch self {
        case .compare(let field, .equal, let value): "\(field) = \(value)"
        case .compare(let field, .atLeast, let value): "\(field) >= \(value)"
        case .compare(let field, .atMost, let value): "\(field) <= \(value)"
        case .binary(let left, .and, let right): "\(left.words) AND \(right.words)"
        case .binary(let left, .or, let right): "(\(left.words) OR \(right.words))"
        }
    }
}

extension BatchRecord {
    /// A batch of the ids 3 to 9 that was handed out on 4 August 2023.
    static func example(_ id: Int64, _ attempt: Int) -> BatchRecord {
        BatchRecord(
            id: id,
            key: RunKey(metaTable: "photo", job: "thumbs"),
            kind: .incremental,
            status: .running,
            attempt: attempt,
            failures: 0,
            idStart: 3,
            idEnd: 9,
            coverStart: nil,
            itemIDs: nil,
            count: 7,
            weight: nil,
            startedAt: Date(timeIntervalSince1970: 1_691_136_000)
        )
    }
}
