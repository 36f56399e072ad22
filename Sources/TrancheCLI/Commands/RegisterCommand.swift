import Tranche
import TrancheChains
import TrancheHTTP

/// Registers the objects of a listing in a table.
struct RegisterCommand: Command {
    static let description = CommandDescription(
        name: "register",
        summary: "Register the objects of a bucket in a table, as items of a job",
        isUsual: true,
        examples: [
            "tranche register photos --table photo",
            "tranche register gs://shop/in/ --table incoming_file",
        ],
        operands: [
            .init(name: "PREFIX", help: "gs://BUCKET/START or s3://BUCKET/START of their names")
        ],
        groups: [
            .init(
                title: "The table",
                options: [
                    .init(
                        "table",
                        "TABLE",
                        "[schema.]table of the items; made if there is none",
                        isRequired: true
                    ),
                    .init("dry-run", nil, "count what is new, and register nothing"),
                ]
            )
        ],
        notes: """
            A listing has no order of arrival. Each object that is not known yet gets the next
            number, and is an item from then on: the number its id, its URL the item, its size
            the weight. One that was replaced is registered again. Run it as often as files
            arrive; it lists the whole prefix.

            tranche register gs://shop/in/ --table incoming_file
            tranche work --job import --meta incoming_file --weight 1GiB -- ./import

            """
    )

    private let prefix: String
    private let table: String
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        prefix = try arguments.operand(0, "PREFIX")
        guard NamedFile.isObject(prefix) else {
            throw UsageError(
                "'\(redacted(prefix))' is no listing; give gs://BUCKET/START or s3://BUCKET/START"
            )
        }
        guard let table = arguments.text("table") else { throw UsageError("--table is missing") }
        self.table = table
        isDryRun = arguments.has("dry-run")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let listing = ObjectListing(
            prefix,
            table: table,
            in: try context.settings.tables,
            try ObjectStoreConfiguration(environment: context.settings.credentials)
        )
        return try await context.withInventory { inventory in
            let done = try await listing.register(
                beside: inventory.store,
                isTrial: isDryRun
            ) { soFar in
                if context.errors.isTerminal, soFar.found % 10_000 == 0, soFar.found > 0 {
                    try context.note("\(HumanText.count(soFar.found, "object")) listed")
                }
            }
            let document = RegisterDocument(
                prefix: prefix,
                table: table,
                found: done.found,
                new: done.added
            )
            try context.write(document) {
                let verb = isDryRun ? "would register" : "registered"
                return "\(verb) \(HumanText.count(done.added, "new object")) of "
                    + "\(HumanText.number(done.found)) in \(table)"
            }
            return .done
        }
    }
}

/// What a listing came to.
struct RegisterDocument: Codable {
    let prefix: String
    let table: String
    let found: Int
    let new: Int
}
