// Puts three jobs in a row: what the first does again, or only now, reaches the last by itself.

import ExampleSupport
import Foundation
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
let table = try FileTable(at: folder.path("files.db"))
try table.add(sizes: Array(1...100))

let inventory = try await Inventory.open(.sqlite(folder.path("inventory.db")))
let files = SQLSource(
    "files",
    uid: "id",
    item: "path",
    weight: "size_in_bytes",
    in: .sqlite(folder.path("files.db"))
)

/// What an item of a downstream job is: a batch that succeeded upstream.
struct Upstream: Decodable {
    var count: Int
    var result: [String: Int]?

    init(_ item: Item) throws {
        self = try JSONDecoder().decode(Upstream.self, from: Data(item.text.utf8))
    }
}

/// Cleans the files that are ready: the first job, over a table.
func clean(_ batches: Batches<SQLSource>, unreadable: Set<Int64> = []) async throws {
    for try await batch in batches {
        let bad = unreadable.intersection(try await batch.items.map(\.id))
        if bad.isEmpty {
            try await batch.succeed()
        } else {
            // Who knows the bad items names them, and all the others are a batch again at once.
            try await batch.fail("cannot be read", badItems: bad)
        }
    }
}

/// Loads what was cleaned, and reports what was loaded: jobs over the inventory of the one before.
///
/// Returns how many files reached the report.
func catchUp() async throws -> Int {
    for try await batch in inventory.batches(from: .inventory(job: "clean"), job: "load") {
        try await batch.process { items in
            ["files": try items.reduce(0) { try $0 + Upstream($1).count }]
        }.get()
    }
    var reported = 0
    for try await batch in inventory.batches(from: .inventory(job: "load"), job: "report") {
        for item in try await batch.items { reported += try Upstream(item).result?["files"] ?? 0 }
        try await batch.succeed()
    }
    return reported
}

try await clean(inventory.batches(from: files, job: "clean", limit: .weight(1000)))
try require("the files in the report", try await catchUp(), is: 100)
try require("the files when nothing is new", try await catchUp(), is: 0)

// A backfill of the first job; nobody tells the others.
try await clean(
    inventory.batches(from: files, job: "clean", run: .backfill("2024-fix", ids: 20...80))
)
try require("the files that come again", try await catchUp(), is: 61)

// A file's record goes down through all levels, for each of its two runs.
let levels = try await inventory.lineage(of: 42, in: "files").entries.map(\.batch.key.job)
try require(
    "the jobs of file 42",
    levels,
    is: ["clean", "load", "report", "clean", "load", "report"]
)

// Three new files, of which one is bad: it is quarantined alone, and the others go on.
try table.add(sizes: [101, 102, 103])
let newFiles = inventory.batches(from: files, job: "clean", limit: .weight(1000))
try await clean(newFiles, unreadable: [102])
try require("the files beside a bad one", try await catchUp(), is: 2)
let selection = BatchSelection(runs: RunSelection(job: "clean"), status: .quarantined)
let quarantined = try await inventory.batches(selection)
try require("the quarantined files", quarantined.map(\.idStart), is: [102])

// Repaired and made a batch again, it comes through all levels.
try require("the redriven batches", try await inventory.redrive(selection).count, is: 1)
try await clean(newFiles)
try require("the file that was repaired", try await catchUp(), is: 1)
try require("what is quarantined", try await inventory.batches(selection).count, is: 0)

await inventory.close()
try folder.remove()
