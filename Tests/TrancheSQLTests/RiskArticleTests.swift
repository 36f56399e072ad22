import Foundation
import Testing

@Suite("The articles that name the risks of sources")
struct RiskArticleTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources")

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: sources.appending(path: path), encoding: .utf8)
    }

    /// The names of the risks that a file of the sources makes.
    private static func names(_ path: String) throws -> Set<String> {
        let found = try text(path).matches(of: #/(?:SourceRisk\(\s*|let name = )"([a-z-]+)"/#)
        return Set(found.map { String($0.output.1) })
    }

    @Test(
        "The article of a backend names each risk that a source of it may have, and no other",
        arguments: [
            (
                "TrancheSQLite/SQLiteDatabase+Writers.swift",
                "TrancheSQLite/Documentation.docc/TrancheSQLite.md"
            ),
            (
                "TranchePostgreSQL/PostgreSQLSourceRisks.swift",
                "TranchePostgreSQL/Documentation.docc/TranchePostgreSQL.md"
            ),
        ]
    )
    func backends(source: String, article: String) throws {
        let both = try Self.names("TrancheSQL/Sources/SourceRisk+SQL.swift")
        #expect(both == ["no-unique-index", "changing-view"])
        let list = try #require(
            try Self.text(article).firstMatch(of: #/These are the risks, by name[^.]*\./#)
        )
        let named = list.output.matches(of: #/`([a-z-]+)`/#).map { String($0.output.1) }
        #expect(try Set(named) == Self.names(source).union(both))
    }

    @Test("The article about late commits names each risk of any source")
    func all() throws {
        let article = try Self.text("Tranche/Documentation.docc/LateCommits.md")
        let rows = article.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let named = rows.flatMap { row in
            row.matches(of: #/`([a-z-]+)`/#).map { String($0.output.1) }
        }
        for path in [
            "TrancheSQL/Sources/SourceRisk+SQL.swift", "TrancheSQLite/SQLiteDatabase+Writers.swift",
            "TranchePostgreSQL/PostgreSQLSourceRisks.swift", "TrancheMongo/MongoMetaSource.swift",
        ] {
            let names = try Self.names(path)
            #expect(!names.isEmpty)
            for name in names { #expect(named.contains(name), "\(name)") }
        }
    }
}
