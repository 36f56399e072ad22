import Tranche
import TrancheConnectors

/// Names what follows a page, and lists pages.
struct PageCommand: Command {
    static let description = CommandDescription(
        name: "page",
        summary: "Name the page that follows a page of 'pages:NAME', or list the pages",
        examples: ["tranche page next CURSOR-2"],
        operands: [
            .init(
                name: "next|list",
                help: "next names the page that follows; list prints the known pages",
                choices: Action.allCases.map(\.rawValue)
            ),
            .init(
                name: "CURSOR",
                help: "with next: cursor of the page that follows",
                isOptional: true
            ),
        ],
        groups: [
            .init(
                title: "The page that follows (with next)",
                options: [
                    .init("end", nil, "no page follows, ever"),
                    .init("end-for-now", nil, "no page follows yet"),
                    .init("page-weight", "WEIGHT", "weight of the page (default: 1)"),
                ]
            ),
            .init(
                title: "The page",
                options: [
                    .init(
                        "batch",
                        "BATCH",
                        "batch that holds the page (default: TRANCHE_BATCH); its last "
                            + "page counts"
                    ),
                    .init(
                        "attempt",
                        "N",
                        "attempt that holds the page (default: TRANCHE_ATTEMPT)"
                    ),
                    .init("meta", "pages:NAME", "the pages, with list or by hand"),
                    .init("after", "NUMBER", "number of the page; with list, only pages after it"),
                    .init("limit", "N", "with list: maximum number of pages (default: 100)"),
                ]
            ),
        ],
        notes: """
            The worker that holds a page names the page that follows, once, before it processes
            its own: other workers then take that page at once. The first name stays; a retried
            page that names another one learns which name holds. With --meta and --after you
            name it by hand, if no worker holds the page.

            """
    )

    private enum Action: String, CaseIterable {
        case next, list
    }

    private let action: Action
    private let successor: PageSuccessor?
    private let batch: Int64?
    private let attempt: Int?
    private let list: String?
    private let after: Int64?
    private let limit: Int

    init(_ arguments: Arguments) throws {
        action = try arguments.choice(of: Self.description)
        batch = try arguments.value("batch", parseID)
        attempt = try arguments.value("attempt") { try parseCount($0) }
        list = try SourceOptions.named(arguments).map { source in
            guard source.scheme == "pages" else {
                throw UsageError("--meta '\(source.location)' names no pages; give pages:NAME")
            }
            return source.place
        }
        after = try arguments.value("after", parseID)
        limit = try arguments.value("limit") { try parseCount($0) } ?? 100
        successor = try Self.successor(arguments)
        switch action {
        case .list:
            guard list != nil, successor == nil, batch == nil, attempt == nil else {
                throw UsageError("'page list' takes --meta pages:NAME, --after and --limit")
            }
        case .next:
            guard successor != nil else {
                throw UsageError("give the CURSOR of the page that follows, --end or --end-for-now")
            }
            guard list == nil || batch == nil && attempt == nil && after != nil else {
                throw UsageError("--meta goes with --after, and without --batch and --attempt")
            }
        }
    }

    private static func successor(_ arguments: Arguments) throws -> PageSuccessor? {
        let weight = try arguments.value("page-weight", parseWeight)
        var given: [PageSuccessor] = []
        if arguments.operands.count > 1 {
            given.append(.page(arguments.operands[1], weight: weight ?? 1))
        } else if weight != nil {
            throw UsageError("--page-weight goes with a CURSOR")
        }
        if arguments.has("end") { given.append(.end()) }
        if arguments.has("end-for-now") { given.append(.end(.forNow)) }
        guard given.count < 2 else {
            throw UsageError("CURSOR, --end and --end-for-now exclude each other")
        }
        return given.first
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            if let successor {
                let named = try await name(successor, inventory, context)
                let isLate = !named.isNew && !successor.isSame(as: named.successor)
                if isLate, list != nil { throw Self.refusal(successor, named) }
                try context.write(SuccessorDocument(named)) { Self.words(named) }
                // A page that is tried again goes on with the first name.
                if isLate { try context.note(Self.remark(successor)) }
            } else {
                let lower = (after ?? 0).addingClamped(1)
                let pages = try await inventory.pages(
                    of: list ?? "",
                    in: lower ... .max,
                    limit: limit
                )
                try context.write(PagesDocument(pages)) { Self.table(pages, context) }
                if pages.isEmpty { try context.note("there is no such page") }
            }
        }
        return .done
    }

    private func name(
        _ successor: PageSuccessor,
        _ inventory: Inventory,
        _ context: Context
    ) async throws -> NamedSuccessor {
        if let list, let after {
            return try await inventory.register(successor, after: after, of: list)
        }
        let batch = try self.batch ?? context.number("TRANCHE_BATCH", "--batch", parseID)
        let attempt =
            try self.attempt
            ?? context.number("TRANCHE_ATTEMPT", "--attempt") {
                try parseCount($0)
            }
        return try await inventory.register(
            successor,
            by: AttemptKey(batch: batch, attempt: attempt),
            after: after
        )
    }

    /// That somebody names by hand what cannot be named any more.
    private static func refusal(_ asked: PageSuccessor, _ named: NamedSuccessor) -> TrancheError {
        TrancheError(.redefined, "\(words(named)): \(remark(asked)); nothing was changed")
    }

    /// What became of a name that is not the one that stands.
    private static func remark(_ asked: PageSuccessor) -> String {
        switch asked {
        case .page(let cursor, _): "'\(cursor)' is not taken, the first name stays"
        case .end: "the end is not taken, the first name stays"
        }
    }

    private static func words(_ named: NamedSuccessor) -> String {
        let what: String =
            switch named.successor {
            case .page(let cursor, _): "is followed by '\(cursor)'"
            case .end(.final): "is the last"
            case .end(.forNow): "is the last for now"
            }
        return "page \(named.page) \(what)\(named.isNew ? "" : ", as was named before")"
    }

    private static func table(_ pages: [PageRecord], _ context: Context) -> String {
        if pages.isEmpty { return "" }
        var table = Table([
            .number("PAGE"), .number("WEIGHT"), .text("NAMED BY"), .text("END"), .text("CURSOR"),
        ])
        for page in pages {
            let by = page.namedBy.map { "batch \($0.batch), attempt \($0.attempt)" }
            let end = page.end.map { $0 == .final ? "end" : "for now" }
            table.add([
                Table.Cell(String(page.number)), Table.Cell(page.weight.plain),
                Table.Cell(by ?? "-"), Table.Cell(end ?? ""), Table.Cell(page.cursor),
            ])
        }
        return table.text(context.style)
    }
}

extension PageSuccessor {
    /// Whether both name the same page, or the same end.
    fileprivate func isSame(as other: PageSuccessor) -> Bool {
        switch (self, other) {
        case (.page(let one, _), .page(let two, _)): one == two
        case (.end(let one), .end(let two)): one == two
        default: false
        }
    }
}

extension Context {
    /// A number from the environment, as programs get it that work on a batch.
    fileprivate func number<Number>(
        _ variable: String,
        _ option: String,
        _ parse: (String) throws -> Number
    ) throws -> Number {
        guard let text = environment[variable] else { throw UsageError("\(option) is missing") }
        do {
            return try parse(text)
        } catch let error as ValueError {
            throw UsageError("\(variable) '\(text)': \(error.message)")
        }
    }
}
