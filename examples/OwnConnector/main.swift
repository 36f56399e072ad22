// Adds a connector of its own: sources by the names that an application has for them. It links
// SQLite alone.

import ExampleSupport
import Foundation
import Tranche
import TrancheConnectors
import TrancheSQL
import TrancheSQLite

/// `shop:NAME`: the application's tables, with the columns that they have.
///
/// Its field `region` limits a table to a region, one of two.
struct ShopConnector: SourceConnector {
    private static let tables = [
        "orders": SQLSource("customer_order", uid: "number", item: "article", weight: .none),
        "returns": SQLSource("customer_return", uid: "id", item: "reason", weight: .none),
    ]

    private struct Fields: Decodable {
        enum Region: String, Decodable { case north, south }

        var region: Region?
    }

    let schemes = [
        ConnectorScheme(.source, "shop", form: "shop:NAME", noun: "a table", fields: ["region"])
    ]

    func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription {
        guard var table = Self.tables[spec.place] else {
            let known = Self.tables.keys.sorted().joined(separator: ", ")
            throw SpecError(.invalidValue, value: spec.text, "is not known; there are \(known)")
        }
        table.database = try context.database.map { database in
            try context.connectors.sqlConnector(of: database).database(database)
        }
        table.filter = try spec.fields(as: Fields.self).region.map { "region = '\($0.rawValue)'" }
        return table
    }
}

let folder = try ExampleFolder()
try ExampleDatabase(at: folder.path("shop.db")).execute(
    """
    CREATE TABLE customer_order (
        number INTEGER PRIMARY KEY AUTOINCREMENT, article TEXT, region TEXT NOT NULL
    );
    INSERT INTO customer_order (article, region)
    VALUES ('lamp', 'north'), ('chair', 'south'), ('desk', 'north');
    """
)

let connectors = Connectors([SQLiteConnector(), TableConnector()]).adding(ShopConnector())
let context = ConnectorContext(database: try DatabaseSpec("sqlite:\(folder.path("shop.db"))"))
let inventory = try await Inventory.open(
    connectors.inventory(DatabaseSpec("sqlite:\(folder.path("inventory.db"))"), context)
)

// As a file of settings would have it; the text `shop:orders {"region":"north"}` means the same.
let document = #"{"at": "shop:orders", "region": "north"}"#
let spec = try JSONDecoder().decode(SourceSpec.self, from: Data(document.utf8))
try require("what both mean", try SourceSpec(#"shop:orders {"region":"north"}"#), is: spec)

var ids: [Int64] = []
let source = try connectors.source(spec, context)
while let batch = try await inventory.acquireBatch(from: source, job: "ship", limit: .count(10)) {
    try await batch.process { items in
        for item in items { print("ships order \(item.id)") }
    }.get()
    ids += [batch.ids.lowerBound, batch.ids.upperBound]
}
try require("the orders of the region", ids, is: [1, 3])

/// What is wrong with a source, in words that name the field as this program does.
func fault(of text: String) throws -> String {
    do {
        _ = try connectors.source(SourceSpec(text), context)
        return ""
    } catch let error as SpecError {
        return error.text { $0.isEmpty ? "the source" : "the field \($0.joined(separator: "."))" }
    }
}

try require(
    "a name that is not known",
    try fault(of: "shop:order"),
    is: "the source 'shop:order' is not known; there are orders, returns"
)
try require(
    "a field that is not known",
    try fault(of: #"shop:orders {"regoin":"north"}"#),
    is: "the field regoin is not a field of a table; did you mean region?"
)

await inventory.close()
try folder.remove()
