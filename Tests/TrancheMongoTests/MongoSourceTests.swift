import Foundation
import TestSupport
import Testing
import Tranche
import TrancheChains
import TrancheSQLite

@testable import TrancheMongo

@Suite("Documents of MongoDB as items", .serialized, .timeLimit(.minutes(10)))
struct MongoSourceTests {
    /// A collection with an index on `number`.
    private func collection(_ documents: [String]) async throws -> MongoLocation {
        let location = try await MongoTestServer.location()
        let connection = try MongoConnection(location)
        _ = try await connection.run(
            """
            {"createIndexes": "\(location.collection)", "indexes": [
                {"key": {"number": 1}, "name": "number", "unique": true,
                 "partialFilterExpression": {"number": {"$type": "number"}}}
            ]}
            """
        )
        try await insert(documents, location)
        return location
    }

    private func insert(_ documents: [String], _ location: MongoLocation) async throws {
        let connection = try MongoConnection(location)
        var rest = documents[...]
        while !rest.isEmpty {
            let page = rest.prefix(1000).joined(separator: ", ")
            let reply = try await connection.run(
                "{\"insert\": \"\(location.collection)\", \"documents\": [\(page)]}"
            )
            #expect(reply.writeErrors.isEmpty)
            rest = rest.dropFirst(1000)
        }
    }

    private func withInventory(_ body: (Inventory) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
            try await body(inventory)
            await inventory.close()
        }
    }

    private func drain(
        _ inventory: Inventory,
        _ source: MongoSource,
        weight: Double? = nil,
        count: Int? = nil
    ) async throws -> [[Item]] {
        var batches: [[Item]] = []
        while let batch = try await inventory.acquireBatch(
            from: source,
            job: "j",
            limit: BatchLimit(weight: weight, count: count)
        ) {
            batches.append(try await batch.items)
            try await batch.succeed()
        }
        return batches
    }

    @Test("A program gets documents as JSON, and their fields as rows")
    func lines() async throws {
        let location = try await collection([
            "{\"_id\": 1, \"number\": 1, \"big\": {\"$numberLong\": \"9223372036854775807\"}, "
                + "\"in\": {\"a\": [1, null]}}",
            "{\"_id\": 2, \"number\": 2, \"other\": \"é\"}",
        ])
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number")
            let batch = try #require(
                try await inventory.acquireBatch(from: source, job: "j", limit: .count(2))
            )
            var text = ""
            try await batch.writeItems(as: .json(.named(["big", "in", "other"]))) { lines in
                text += String(decoding: lines, as: UTF8.self)
                return true
            }
            let lines = text.split(separator: "\n")
            let begin = #"{"id":1,"item":{"_id":1,"number":1,"big":9223372036854775807,"#
            #expect(text.hasPrefix(begin), "\(text)")
            let first =
                #""row":{"big":9223372036854775807,"in":{ "a" : [ 1, null ] },"other":null}}"#
            #expect(lines[0].hasSuffix(first), "\(lines[0])")
            #expect(lines[1].hasSuffix(#""row":{"big":null,"in":null,"other":"é"}}"#))
        }
    }

    @Test("A field without a name is one like any other")
    func noName() async throws {
        let location = try await collection(["{\"_id\": 1, \"number\": 1, \"\": 5}"])
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number")
            let items = try await drain(inventory, source).flatMap { $0 }
            #expect(items.map(\.text) == [#"{"_id":1,"number":1,"":5}"#])
            let sink = MemorySink()
            let request = BatchRequest(job: "copy", limit: BatchLimit(count: 10))
            let report = try await Chain(reading: source)
                .write(to: sink)
                .run(through: inventory, ChainOptions(request: request))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(sink.records.first?[""] == .integer(5))
        }
    }

    @Test("Fields that look alike keep the names that each document has")
    func lookalikes() async throws {
        let names = ["\u{E9}", "e\u{301}"]
        let location = try await collection(
            (1...2).map { "{\"number\": \($0), \"\(names[$0 - 1])\": \($0)}" }
        )
        try await withInventory { inventory in
            let sink = MemorySink()
            let request = BatchRequest(job: "copy", limit: BatchLimit(count: 10))
            let report = try await Chain(reading: MongoSource(location, uid: "number"))
                .write(to: sink)
                .run(through: inventory, ChainOptions(request: request))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let found = sink.records.sorted { $0.id < $1.id }.compactMap(\.fields.names.last)
            #expect(found.map { Array($0.utf8) } == names.map { Array($0.utf8) })
        }
    }

    @Test("Documents are handed out in batches of a weight, each once")
    func handsOut() async throws {
        let location = try await collection(
            (1...2500).map { "{\"number\": \($0 * 3), \"size\": \($0 % 5), \"name\": \"n\($0)\"}" }
        )
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number", item: "name", weight: "size")
            let batches = try await drain(inventory, source, weight: 400)
            let items = batches.flatMap { $0 }
            #expect(items.map(\.id) == (1...2500).map { Int64($0 * 3) })
            #expect(items.first?.text == "n1")
            #expect(batches.allSatisfy { $0.reduce(0) { $0 + $1.weight } <= 400 })
            #expect(batches.count == 13)
            try await insert(["{\"number\": 9000, \"name\": \"late\"}"], location)
            let more = try await drain(inventory, source, weight: 400)
            #expect(more.flatMap { $0 }.map(\.text) == ["late"])
        }
    }

    @Test("A document that comes late into a gap is handed out, too")
    func late() async throws {
        let location = try await collection(["{\"number\": 1}", "{\"number\": 3}"])
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number")
            let first = try await drain(inventory, source)
            #expect(first.flatMap { $0 }.map(\.id) == [1, 3])
            try await insert(["{\"number\": 2}"], location)
            let run = try #require(try await inventory.summaries().first?.run)
            var options = AuditOptions()
            options.isRepairing = true
            let report = try await inventory.audit(run.key, from: source, options: options)
            #expect(report.appeared.count == 1)
            let second = try await drain(inventory, source)
            #expect(second.flatMap { $0 }.map(\.id) == [2])
        }
    }

    @Test("Fields become cells of their types, and documents may have different ones")
    func types() async throws {
        let location = try await collection([
            """
            {"_id": {"$oid": "0123456789abcdef01234567"}, "number": {"$numberLong": "1"},
             "text": "Zoé", "whole": {"$numberInt": "7"}, "real": 2.5, "yes": true, "none": null,
             "at": {"$date": "2024-02-29T08:00:00.250Z"}, "list": [1, {"a": "b"}],
             "object": {"x": {"y": 1}}, "bytes": {"$binary": {"base64": "AQI=", "subType": "00"}},
             "price": {"$numberDecimal": "1.10"}}
            """,
            "{\"number\": 2.0, \"other\": 5}",
        ])
        try await withInventory { inventory in
            let sink = MemorySink()
            let report = try await Chain(reading: MongoSource(location, uid: "number"))
                .write(to: sink)
                .run(
                    through: inventory,
                    ChainOptions(request: BatchRequest(job: "j", limit: BatchLimit(count: 10)))
                )
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let records = sink.records.sorted { $0.id < $1.id }
            let first = try #require(records.first)
            #expect(first.text("_id") == "0123456789abcdef01234567")
            #expect(first["whole"] == .integer(7))
            #expect(first["real"] == .real(2.5))
            #expect(first["yes"] == .boolean(true))
            #expect(first["none"] == .null)
            #expect(first.date("at") == Date(timeIntervalSince1970: 1_709_193_600.25))
            #expect(first.text("list")?.filter { $0 != " " } == "[1,{\"a\":\"b\"}]")
            #expect(first.text("object")?.filter { $0 != " " } == "{\"x\":{\"y\":1}}")
            #expect(first["bytes"] == .blob([1, 2]))
            #expect(first["price"] == .text("1.10"))
            #expect(records.last?["other"] == .integer(5))
            #expect(records.last?["text"] == nil)
        }
    }

    @Test("A decimal keeps its digits, and what is none of JSON's values is what is nearest to it")
    func spellings() async throws {
        let location = try await collection([
            """
            {"number": 1, "price": {"$numberDecimal": "1.10"}, "most": {"$numberDecimal": "1E+400"},
             "whole": {"$numberDecimal": "9007199254740993"}, "nan": {"$numberDecimal": "NaN"},
             "least": {"$numberDecimal": "-Infinity"}, "word": {"$symbol": "s"}}
            """
        ])
        let query = MongoQuery(conditions: [], order: "number", limit: 1)
        let found = try await MongoConnection(location).find(query)
        let document = try #require(found.first)
        var builder = RecordBlockBuilder(try RecordFields(document.names))
        builder.add(1, inputs: document.inputs)
        let record = try #require(builder.build().records.first)
        for (name, text) in [("price", "1.10"), ("most", "1E+400")] {
            let place = try #require(record.fields.place(of: name))
            #expect(record.cell(place).kind == .decimal)
            #expect(record.text(name) == text)
        }
        #expect(record["whole"] == .integer(9_007_199_254_740_993))
        #expect(record.text("nan") == "NaN")
        #expect(record["least"] == .real(-.infinity))
        #expect(record["word"] == .text("s"))
    }

    @Test("Decimals are ids and weights, and are decimals again in another collection")
    func decimals() async throws {
        let ids = ["1", "2.0", "3E+2", "9007199254740993.00"]
        let location = try await collection(
            ids.map { id in
                "{\"number\": {\"$numberDecimal\": \"\(id)\"}, "
                    + "\"size\": {\"$numberDecimal\": \"1.50\"}, "
                    + "\"in\": {\"price\": {\"$numberDecimal\": \"1.10\"}}}"
            }
        )
        let target = try await MongoTestServer.location()
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number", item: "size", weight: "size")
            let items = try await drain(inventory, source, weight: 3).flatMap { $0 }
            #expect(items.map(\.id) == [1, 2, 300, 9_007_199_254_740_993])
            #expect(items.map(\.weight) == [1.5, 1.5, 1.5, 1.5])
            #expect(items.first?.item == .text("1.50"))
            #expect(items.first?.holdsJSON == false)
            let report = try await Chain(reading: MongoSource(location, uid: "number"))
                .write(to: MongoSink(target, key: ["_id"]))
                .run(
                    through: inventory,
                    ChainOptions(request: BatchRequest(job: "copy", limit: BatchLimit(count: 10)))
                )
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            // Decimals alone keep their last zero.
            let copies = try await MongoConnection(target).find(
                MongoQuery(conditions: [], order: "_id", limit: 10)
            )
            let areDecimals = copies.map { copy in
                zip(copy.names, copy.inputs).contains { name, input in
                    guard case .decimal(let digits) = input else { return false }
                    return name == "size" && digits.elementsEqual("1.50".utf8)
                }
            }
            #expect(areDecimals == [true, true, true, true])
        }
    }

    @Test("A filter leaves documents out, and those without a number are no items")
    func filters() async throws {
        let location = try await collection([
            "{\"number\": 1, \"kind\": \"a\"}", "{\"number\": 2, \"kind\": \"b\"}",
            "{\"kind\": \"a\"}", "{\"number\": \"4\", \"kind\": \"a\"}",
            "{\"number\": 5, \"kind\": \"a\"}",
        ])
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number", filter: "{\"kind\": \"a\"}")
            let items = try await drain(inventory, source).flatMap { $0 }
            #expect(items.map(\.id) == [1, 5])
            #expect(items.first?.text.contains("\"kind\":\"a\"") == true)
        }
    }

    @Test(
        "A filter asks for types by any of their names, by numbers and by several",
        arguments: [
            (#"{"at": {"$type": "date"}}"#, [1]), (#"{"at": { "$type" : "string" } }"#, [2]),
            (#"{"at": {"$type": ["decimal", "bool"]}}"#, [3, 4]), (#"{"at": {"$type": 9}}"#, [1]),
            (#"{"at": {"$not": {"$type": "date"}}, "number": {"$lt": 4}}"#, [2, 3]),
            (#"{"at": {"$type": "00", "$binary": "AAECAw=="}}"#, [5]),
            (#"{"at": "{\"$type\": \"date\"}"}"#, [2]),
            (#"{"$expr": {"$eq": [{"$type": "$at"}, "bool"]}}"#, [4]),
        ]
    )
    func filterTypes(filter: String, ids: [Int64]) async throws {
        let location = try await collection([
            #"{"number": 1, "at": {"$date": "2026-01-01T00:00:00Z"}}"#,
            #"{"number": 2, "at": "{\"$type\": \"date\"}"}"#,
            #"{"number": 3, "at": {"$numberDecimal": "1.5"}}"#, #"{"number": 4, "at": true}"#,
            #"{"number": 5, "at": {"$binary": {"base64": "AAECAw==", "subType": "00"}}}"#,
        ])
        try await withInventory { inventory in
            let source = MongoSource(location, uid: "number", filter: filter)
            let batches = try await drain(inventory, source)
            #expect(batches.flatMap { $0.map(\.id) } == ids)
        }
    }

    @Test("What cannot be used is refused with what to do")
    func refuses() async throws {
        let location = try await MongoTestServer.location()
        try await insert(["{\"number\": 1, \"size\": \"much\"}"], location)
        try await withInventory { inventory in
            func message(_ source: MongoSource) async throws -> String {
                try await #require(throws: TrancheError.self) {
                    _ = try await drain(inventory, source)
                }.message
            }
            let without = try await message(MongoSource(location, uid: "number"))
            #expect(without.contains("createIndex({\"number\": 1}"))
            let other = try await collection(["{\"number\": 1, \"size\": \"much\"}"])
            let weight = try await message(MongoSource(other, uid: "number", weight: "size"))
            #expect(weight.contains("'size'") && weight.contains("is not a number"))
            let filter = MongoSource(other, uid: "number", filter: "{\"$nope\": 1}")
            #expect(try await message(filter).contains("filter"))
            let half = try await collection(["{\"number\": 1.5}"])
            #expect(
                try await message(MongoSource(half, uid: "number")).contains("not a whole number")
            )
        }
    }

    @Test("What is recorded of a URL shows no password")
    func recordedName() throws {
        let location = try MongoLocation(
            "mongodb://u:secret@h:1/d.c?directConnection=true&tlsCertificateKeyFilePassword=secret"
        )
        #expect(location.recordedName == "mongodb://h:1/d.c?directConnection=true")
    }

    @Test("A collection that was dropped and made again holds the run until it is begun anew")
    func replacedCollection() async throws {
        let location = try await collection((1...5).map { "{\"number\": \($0)}" })
        let source = MongoSource(location, uid: "number")
        let folder = try TemporaryFolder()
        let path = folder.path("inventory.db")
        let first = try await Inventory.open(.sqlite(path))
        #expect(try await drain(first, source).flatMap { $0 }.map(\.id) == [1, 2, 3, 4, 5])
        await first.close()

        let connection = try MongoConnection(location)
        _ = try await connection.run("{\"drop\": \"\(location.collection)\"}")
        _ = try await connection.run(
            """
            {"createIndexes": "\(location.collection)", "indexes": [
                {"key": {"number": 1}, "name": "number", "unique": true,
                 "partialFilterExpression": {"number": {"$type": "number"}}}
            ]}
            """
        )
        try await insert((1...7).map { "{\"number\": \($0)}" }, location)
        let inventory = try await Inventory.open(.sqlite(path))
        let answer = try await inventory.acquire(BatchRequest(job: "j"), from: source)
        guard case .noBatch(.held(let reason, nil)) = answer else {
            Issue.record("not held: \(answer)")
            return
        }
        #expect(reason.contains("is another collection than it was"), "\(reason)")
        let run = try #require(try await inventory.summaries().first?.run)
        _ = try await inventory.restart(run.key, from: source)
        #expect(try await drain(inventory, source).flatMap { $0 }.map(\.id) == Array(1...7))
        await inventory.close()
    }
}
