import Tranche
import TrancheWorkflows

/// The content of a pipeline's file, in a form in which two files of the same meaning are the same
/// text.
///
/// Comments, order and blanks are not part of it, nor is the name under which it is applied. Paths
/// are as the file has them.
public struct PipelineDescription: Sendable, Hashable {
    /// By section, such as `inputs`, the parts by their names.
    private let sections: [String: [String: CanonicalValue]]
    /// The description as JSON, with its keys in order and without credentials.
    public let text: String

    /// The SHA-256 of ``text``, in hexadecimal, which identifies the description.
    public let digest: String

    /// The section of what stands beside the parts, such as `keep`.
    private static let settings = "settings"

    /// Describes an empty pipeline.
    init() { self.init([:]) }

    private init(_ sections: [String: [String: CanonicalValue]]) {
        self.sections = sections.filter { !$0.value.isEmpty }
        text = CanonicalValue.object(self.sections.mapValues { .object($0) }).json
        digest = SHA256.hexadecimal(of: Array(text.utf8))
    }

    /// Describes what a file says.
    init(_ document: YAMLDocument) {
        var sections: [String: [String: CanonicalValue]] = [:]
        guard case .mapping(let entries) = document.root.value else {
            self.init([:])
            return
        }
        for entry in entries where entry.key != "name" {
            switch (entry.key, entry.value.value) {
            case ("links", .sequence(let links)):
                sections["links"] = Self.links(links)
            case ("inventory", _), ("lineage", _), (_, .scalar):
                sections[Self.settings, default: [:]][entry.key] = CanonicalValue(entry.value)
            case (_, .sequence(let parts)): sections[entry.key] = Self.named(parts)
            case (_, .mapping(let parts)): sections[entry.key] = Self.members(parts)
            }
        }
        self.init(sections)
    }

    /// Reads a description as an inventory keeps it.
    ///
    /// - Parameter text: ``text`` of a description.
    /// - Throws: `TrancheError` `.storeFailed` for what is none.
    public init(kept text: String) throws {
        do {
            let root = try YAMLDocument(kept: text).root
            guard case .mapping(let entries) = root.value else {
                throw YAMLError("this is not a description", file: "", at: root.mark)
            }
            var sections: [String: [String: CanonicalValue]] = [:]
            for entry in entries {
                sections[entry.key] = CanonicalValue(entry.value)?.members
            }
            self.init(sections)
        } catch {
            throw TrancheError(
                .storeFailed,
                "the description that the inventory keeps cannot be read: \(error)"
            )
        }
    }

    /// Parts by name; one without a field is there all the same.
    private static func members(_ entries: [YAMLEntry]) -> [String: CanonicalValue] {
        var parts: [String: CanonicalValue] = [:]
        for entry in entries { parts[entry.key] = CanonicalValue(entry.value) ?? .object([:]) }
        return parts
    }

    /// The parts of a list in which each has a `name`.
    private static func named(_ parts: [YAMLNode]) -> [String: CanonicalValue] {
        var named: [String: CanonicalValue] = [:]
        for part in parts {
            guard case .mapping(let entries) = part.value,
                case .scalar(let name) = part["name"]?.value
            else { continue }
            named[name.text] = .object(CanonicalValue.members(entries, without: ["name"]))
        }
        return named
    }

    /// Links by their names, each of those that a list of processes or a chain of names means.
    private static func links(_ nodes: [YAMLNode]) -> [String: CanonicalValue] {
        var links: [String: CanonicalValue] = [:]
        for node in nodes {
            switch node.value {
            case .scalar(let scalar):
                let names = PipelineReader.names(ofLink: scalar.text)
                for (source, process) in zip(names, names.dropFirst()) {
                    links["\(source)/\(process)"] = .object([:])
                }
            case .mapping(let entries):
                let fields = CanonicalValue.members(entries, without: ["from", "to"])
                for process in texts(node["to"]) {
                    links["\(texts(node["from"]).first ?? "")/\(process)"] = .object(fields)
                }
            case .sequence: continue
            }
        }
        return links
    }

    private static func texts(_ node: YAMLNode?) -> [String] {
        switch node?.value {
        case .scalar(let scalar): [scalar.text]
        case .sequence(let items): items.flatMap { texts($0) }
        case .mapping, nil: []
        }
    }

    /// Each part in a line, such as `link raw/store: {"count":10}`.
    public var lines: [String] {
        sections.keys.sorted(by: Self.isBefore).flatMap { section in
            let parts = (sections[section] ?? [:]).sorted { $0.key < $1.key }
            return parts.map { "\(Self.word(of: section)) \($0.key): \($0.value.json)" }
        }
    }

    // MARK: - Comparing

    /// The first link or job, or input that is another, whose name another description has too.
    func clash(with other: PipelineDescription) -> String? {
        for section in ["links", "jobs", "inputs"] {
            let (own, others) = (sections[section] ?? [:], other.sections[section] ?? [:])
            let names = own.keys.sorted().filter { name in
                others[name].map { section != "inputs" || $0 != own[name] } ?? false
            }
            if let name = names.first { return "\(Self.word(of: section)) '\(name)'" }
        }
        return nil
    }

    /// The differences from an earlier description.
    ///
    /// - Parameter former: The description before; `nil` where there is none, so that all is new.
    /// - Returns: The changes, by section and name.
    public func changes(since former: PipelineDescription?) -> [PipelineChange] {
        let old = former?.sections ?? [:]
        return Set(sections.keys).union(old.keys).sorted(by: Self.isBefore).flatMap { section in
            let (parts, before) = (sections[section] ?? [:], old[section] ?? [:])
            return Set(parts.keys).union(before.keys).sorted().compactMap { name in
                Self.change(section, name, from: before[name], to: parts[name])
            }
        }
    }

    /// In the order in which a file has them.
    private static func isBefore(_ first: String, _ second: String) -> Bool {
        let order = [
            settings, "databases", "budgets", "inputs", "processes", "links", "jobs", "alerts",
        ]
        let places = [first, second].map { order.firstIndex(of: $0) ?? order.count }
        return (places[0], first) < (places[1], second)
    }

    private static func change(
        _ section: String,
        _ name: String,
        from old: CanonicalValue?,
        to new: CanonicalValue?
    ) -> PipelineChange? {
        if old == new { return nil }
        var change = PipelineChange(part: word(of: section), name: name)
        switch (old, new) {
        case (nil, _): change.kind = .added
        case (_, nil): change.kind = .removed
        case (let old?, let new?):
            change.kind = .changed
            change.fields = fields("", from: old, to: new)
        }
        return change
    }

    private static func fields(
        _ path: String,
        from old: CanonicalValue?,
        to new: CanonicalValue?
    ) -> [PipelineChange.Field] {
        if old == new { return [] }
        guard case .object(let former)? = old ?? .object([:]),
            case .object(let present)? = new ?? .object([:]),
            path.isEmpty || old != nil && new != nil
        else { return [PipelineChange.Field(name: path, old: old?.json, new: new?.json)] }
        return Set(former.keys).union(present.keys).sorted().flatMap { name in
            fields(path.isEmpty ? name : "\(path).\(name)", from: former[name], to: present[name])
        }
    }

    /// What a part of a section is called.
    private static func word(of section: String) -> String {
        switch section {
        case "processes": "process"
        case settings: "setting"
        case _ where section.hasSuffix("s"): String(section.dropLast())
        default: section
        }
    }
}

/// A change of a pipeline: a part is added, changed or removed.
public struct PipelineChange: Sendable, Hashable, Codable {
    /// The kind of change.
    public var kind = Kind.changed
    /// The kind of part: `input`, `process`, `link`, `job`, `budget`, `alert`, `database` or
    /// `setting`.
    public var part: String
    /// Its name; of a link, both ends.
    public var name: String
    /// The differences of a part that changes.
    public var fields: [Field] = []

    /// A kind of change of a part.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It is new.
        case added
        /// It says something else.
        case changed
        /// It is gone.
        case removed
    }

    /// A field of a part, with its values as JSON.
    public struct Field: Sendable, Hashable, Codable {
        /// The field; empty for a setting, which is a value itself.
        public var name: String
        /// The value before; `nil` for nothing.
        public var old: String?
        /// The value after; `nil` for nothing.
        public var new: String?
    }

    init(part: String, name: String) {
        self.part = part
        self.name = name
    }
}

extension PipelineChange: CustomStringConvertible {
    /// The change in a line, such as `~ link raw/store: count 10 -> 20`.
    public var description: String {
        let sign =
            switch kind {
            case .added: "+"
            case .changed: "~"
            case .removed: "-"
            }
        let words = fields.map { field in
            let values = "\(field.old ?? "(none)") -> \(field.new ?? "(none)")"
            return field.name.isEmpty ? values : "\(field.name) \(values)"
        }
        let subject = "\(sign) \(part) \(name)"
        return words.isEmpty ? subject : "\(subject): \(words.joined(separator: ", "))"
    }
}
