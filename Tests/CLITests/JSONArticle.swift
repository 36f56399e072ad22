import Foundation
import Testing

/// The article about JSON output, cut into its sections.
struct JSONArticle {
    /// The sections behind the overview, by title.
    let sections: [String: Section]

    /// What the article says of one document.
    struct Section {
        /// The example, with no space outside of texts, as a command prints it; `nil` where the
        /// section refers to another.
        var example: String?
        /// The keys of the table, in order.
        var keys: [String] = []
    }

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/TrancheCLI/Documentation.docc/JSONOutput.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        var sections: [String: Section] = [:]
        for part in text.split(separator: "\n## ").dropFirst(2) {
            let title = part.prefix { $0 != "\n" }
            var section = Section()
            if let block = part.firstMatch(of: /```json\n((?:.|\n)*?)```/) {
                section.example = Self.compact(block.output.1)
            }
            section.keys = part.matches(of: /\n\| `([^`]+)` \|/).map { String($0.output.1) }
            sections[String(title)] = section
        }
        self.sections = sections
    }

    /// The section that is about a command.
    func section(about command: String) throws -> Section {
        let found = sections.first { $0.key.split(separator: ", ").contains { $0 == command } }
        return try #require(found, "no section about '\(command)'").value
    }

    /// The section about a batch, to which others refer.
    func batch() throws -> Section {
        try #require(sections["A batch"])
    }

    /// JSON without the spaces and line breaks between its tokens.
    private static func compact(_ json: Substring) -> String {
        var text = ""
        var isInText = false
        var isEscaped = false
        for character in json {
            if isInText || !character.isWhitespace { text.append(character) }
            if character == "\"", !isEscaped { isInText.toggle() }
            isEscaped = character == "\\" && !isEscaped
        }
        return text
    }
}

/// The keys of a document, as the article's tables name them.
struct JSONKeys {
    /// What holds whatever its owner likes.
    private static let free: Set = ["counters", "read_as", "definition", "result", "first_records"]

    /// The keys of a batch, which has a section of its own.
    let batch: Set<String>

    func keys(of json: Any, prefix: String = "") -> Set<String> {
        if let list = json as? [Any] {
            return list.reduce(into: []) { $0.formUnion(keys(of: $1, prefix: prefix)) }
        }
        guard var members = json as? [String: Any] else { return [] }
        if !prefix.isEmpty, batch.isSubset(of: members.keys) {
            members = members.filter { !batch.contains($0.key) }
        }
        var found: Set<String> = []
        for (key, value) in members {
            found.insert(prefix + key)
            guard !Self.free.contains(key) else { continue }
            found.formUnion(keys(of: value, prefix: prefix + key + "."))
        }
        return found
    }
}
