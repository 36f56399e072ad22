import Foundation
import Testing
import Tranche
import TrancheSQL
import TrancheWorkflows

@testable import TrancheCLI

@Suite struct JSONOutputTests {
    /// The documents, by the section that has their example.
    private static let documents: [(section: String, type: any (Codable & SendableMetatype).Type)] =
        [
            ("A failure", FailureDocument.self),
            ("A batch", BatchDocument.self),
            ("acquire", HandedOutDocument.self),
            ("heartbeat", LeaseDocument.self),
            ("work, backfill, run", BatchEndDocument.self),
            ("work --dry-run, backfill --dry-run", WorkPreviewDocument.self),
            ("load", ChainEndDocument.self),
            ("load --dry-run", LoadForecastDocument.self),
            ("register", RegisterDocument.self),
            ("plan", PlanDocument.self),
            ("status", StatusDocument.self),
            ("serve", ServeDocument.self),
            ("serve --new-token", TokenDocument.self),
            ("batches", BatchesDocument.self),
            ("gaps", GapsDocument.self),
            ("history", LineageDocument.self),
            ("logs", OutputDocument.self),
            ("audit", AuditDocument.self),
            ("retry, release --job", RetryDocument.self),
            ("split", SplitDocument.self),
            ("redrive", RedriveDocument.self),
            ("cancel, workflow cancel", CancelDocument.self),
            ("pause, resume, workflow pause, workflow resume", PauseDocument.self),
            ("set, restore", RunLimitsDocument.self),
            ("budget", BudgetsDocument.self),
            ("probe", ProbesDocument.self),
            ("probe ask", ProbeAnswerDocument.self),
            ("changes", ChangesDocument.self),
            ("page next", SuccessorDocument.self),
            ("page list", PagesDocument.self),
            ("workflow start", WorkflowDocument.self),
            ("workflow list", WorkflowsDocument.self),
            ("workflow show", WorkflowProgress.self),
            ("workflow work, workflow result", WorkflowResultDocument.self),
            ("workflow snapshot", WorkflowSnapshot.self),
            ("apply", ApplyDocument.self),
            ("pipeline list, pipeline history", PipelinesDocument.self),
            ("pipeline show, pipeline remove", PipelineDocument.self),
            ("check", CheckDocument.self),
            ("graph", GraphDocument.self),
            ("input list, input show", InputsDocument.self),
            ("input run", ScheduleRequestDocument.self),
            ("input add, input remove, input status, input forget", InstallationDocument.self),
            ("reap", ReapDocument.self),
            ("redefine", Redefinition.self),
            ("redefine --all, redefine --from-database", RedefinitionsDocument.self),
            ("compact", CompactionDocument.self),
            ("forget", ForgetDocument.self),
            ("export, import", TransferDocument.self),
            ("migrate up, migrate down", MigrationDocument.self),
            ("migrate status", MigrationsDocument.self),
        ]

    @Test(
        "The article has a section about every command that prints a document",
        arguments: Program.commands.map { $0.description.name }
    )
    func commands(name: String) throws {
        let article = try JSONArticle()
        switch name {
        case "completions", "man", "metrics", "report", "schema":
            #expect(article.sections[name] == nil)
        case "migrate":
            for action in ["up", "down", "status"] {
                _ = try article.section(about: "migrate \(action)")
            }
        case "page":
            for action in ["next", "list"] { _ = try article.section(about: "page \(action)") }
        case "pipeline":
            for action in PipelineCommand.Action.allCases {
                _ = try article.section(about: "pipeline \(action.rawValue)")
            }
        case "input":
            for action in InputCommand.Action.allCases {
                _ = try article.section(about: "input \(action.rawValue)")
            }
        case "workflow":
            for action in WorkflowCommand.Action.allCases {
                _ = try article.section(about: "workflow \(action.rawValue)")
            }
        default: _ = try article.section(about: name)
        }
    }

    @Test("The example of a section is what its document says", arguments: documents.indices)
    func examples(place: Int) throws {
        let (title, type) = Self.documents[place]
        let section = try #require(try JSONArticle().sections[title])
        let example = try #require(section.example)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            try Date(
                try decoder.singleValueContainer().decode(String.self),
                strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            )
        }
        let document = try decoder.decode(type, from: Data(example.utf8))
        #expect(try document.documentText() == example)
    }

    @Test("Every section has an example of one of the documents, or refers to one")
    func sections() throws {
        let sections = try JSONArticle().sections
        let examples = sections.filter { $0.value.example != nil }.keys.sorted()
        #expect(examples == Self.documents.map(\.section).sorted())
        #expect(sections.count == examples.count + 1)
    }

    @Test("The table of a section names the keys of its example, and no other")
    func tables() throws {
        let article = try JSONArticle()
        for (title, section) in article.sections {
            guard let example = section.example else { continue }
            let keys = try Self.keys(article, of: example)
            #expect(keys.sorted() == section.keys.sorted(), "\(title)")
        }
    }

    @Test("A command prints no key that the article does not have", arguments: try snapshots())
    func printed(file: String) throws {
        let article = try JSONArticle()
        let name = String(file.prefix { $0 != "." && $0 != "-" })
        let title =
            switch name {
            case "succeed", "fail", "release": "batch"
            case "migrate": String(file.prefix { $0 != "." }).replacing("-", with: " ")
            default: name
            }
        let section = try title == "batch" ? article.batch() : article.section(about: title)
        let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
        for line in text.split(separator: "\n") {
            // The snapshots have a word where a number differs from run to run.
            let json = String(line).replacing(":NUMBER", with: ":0")
            let unknown = try Self.keys(article, of: json).subtracting(section.keys)
            #expect(unknown.isEmpty, "\(file)")
        }
    }

    private static func keys(_ article: JSONArticle, of json: String) throws -> Set<String> {
        let batch = Set(try article.batch().keys)
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
        return JSONKeys(batch: batch).keys(of: value)
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Snapshots")

    private static func snapshots() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasSuffix(".json") || $0.hasSuffix(".jsonl") }
    }
}
