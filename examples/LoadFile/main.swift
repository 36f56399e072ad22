// Loads a CSV file into a table, validated, in batches; what is not valid goes to a file of its
// own.

import ExampleSupport
import Foundation
import Tranche
import TrancheChains
import TrancheSQL
import TrancheSQLite

struct Customer: Codable, Sendable {
    enum CodingKeys: String, CodingKey {
        case id, name
        case since = "customer_since"
    }

    let id: Int
    let name: String
    let since: Date?
}

let folder = try ExampleFolder()
var text = "id,name,customer_since\n"
for id in 1...1000 {
    // Every hundredth is no customer.
    text += id % 100 == 0 ? "\(id),,someday\n" : "\(id),\"Name, \(id)\",2024-02-29T08:00:00Z\n"
}
let file = folder.path("customers.csv")
try Data(text.utf8).write(to: URL(fileURLWithPath: file))

// The table is beside the inventory: a batch's rows and its success are one transaction.
let path = folder.path("shop.db")
let database = ExampleDatabase(at: path)
try database.execute(
    "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, customer_since TEXT)"
)
let inventory = try await Inventory.open(.sqlite(path))

let rejects = folder.path("customers.error.jsonl")
let chain = Chain(reading: CSVSource(file))
    .validate(as: Customer.self, rejectsTo: .jsonLines(rejects))
    .map { Customer(id: $0.id, name: $0.name.uppercased(), since: $0.since) }
    .write(to: SQLTableSink("customer", key: ["id"]))

/// Runs the chain over what is not loaded yet.
func load() async throws -> ChainReport {
    try await chain.run(through: inventory, job: "load-customers", weight: 8 << 10, workers: 4)
}

let report = try await load()
print("\(report.succeeded) batches, \(report.counters[CounterName.written]) records written")
try require("whether all succeeded", report.isSuccess, is: true)
try require(
    "the customers",
    try database.integers("SELECT count(*), sum(name LIKE 'NAME, %') FROM customer"),
    is: [990, 990]
)
let lines = try String(contentsOfFile: rejects, encoding: .utf8).split(separator: "\n")
try require("the rejects", lines.count, is: 10)
print("the first reject: \(lines[0])")

// Nothing is left to do.
try require("the batches of a second run", try await load().succeeded, is: 0)

await inventory.close()
try folder.remove()
