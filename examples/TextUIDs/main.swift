// Processes a table whose rows are told apart by a text, such as a UUID, and later what is new in
// it.

import ExampleSupport
import Tranche
import TrancheSQL
import TrancheSQLite

let folder = try ExampleFolder()
let path = folder.path("documents.db")

// Uids that are no integers are numbered beside the inventory: in the same file.
let inventory = try await Inventory.open(.sqlite(path))
let table = ExampleDatabase(at: path)
try table.execute("CREATE TABLE document (key TEXT PRIMARY KEY, title TEXT)")
try table.execute("INSERT INTO document VALUES ('8f14e45f', 'Sun'), ('c9f0f895', 'Moon')")

let documents = SQLSource("document", uid: "key", item: "title")

/// Processes what is new, and returns the uids in the order in which they were found.
func processNewDocuments() async throws -> [String?] {
    var processed: [String?] = []
    for try await batch in inventory.batches(from: documents, job: "index", limit: .count(10)) {
        for item in try await batch.items {
            print("number \(item.id): document \(item.uid ?? ""), \(item.text)")
            processed.append(item.uid)
        }
        try await batch.succeed()
    }
    return processed
}

try require("the first", try await processNewDocuments(), is: ["8f14e45f", "c9f0f895"])

// A uid that sorts before the others comes after them all the same.
try table.execute("INSERT INTO document VALUES ('45c48cce', 'Mars')")
try require("what is new", try await processNewDocuments(), is: ["45c48cce"])
try require("the uids when nothing is new", try await processNewDocuments(), is: [])

await inventory.close()
try folder.remove()
