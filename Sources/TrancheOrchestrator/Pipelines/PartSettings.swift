import Tranche
import TrancheConnectors

/// The settings of an input or a process in a pipeline's file.
///
/// A value that is missing or wrong is a fault with its line and column; the method then returns
/// `nil`, and so may the maker of the part. A key that nobody reads is a fault, too.
public final class PartSettings {
    /// The part's name.
    public let name: String
    let fields: FieldReader
    let databases: PipelineDatabases

    init(_ name: String, _ fields: FieldReader, _ databases: PipelineDatabases) {
        self.name = name
        self.fields = fields
        self.databases = databases
    }

    /// Whether a key is there.
    public func has(_ key: String) -> Bool { fields.has(key) }

    /// Says what is wrong with a key.
    public func fault(_ message: String, key: String) { fields.fault(message, key: key) }

    /// Takes keys as known that are not read, since another one is wrong.
    package func allow(_ keys: [String]) { fields.allow(keys) }

    /// A text that has to be there.
    public func text(_ key: String) -> String? { fields.require(key, .text) }

    /// A text that may be absent.
    public func optionalText(_ key: String) -> String? { fields.read(key, .text) }

    /// A value of another kind that may be absent.
    package func read<Value>(_ key: String, _ kind: FieldKind<Value>) -> Value? {
        fields.read(key, kind)
    }

    /// One of some names; the first where there is none.
    public func choice(_ key: String, of names: [String]) -> String? {
        fields.has(key) ? fields.read(key, .oneOf(names)) : names.first
    }

    /// True or false; false where there is neither.
    public func flag(_ key: String) -> Bool { fields.read(key, .flag) ?? false }

    /// A whole number within bounds that may be absent.
    public func integer(_ key: String, in bounds: ClosedRange<Int64>) -> Int64? {
        fields.read(key, .integer(bounds))
    }

    /// A duration such as `30s` that may be absent.
    public func duration(_ key: String) -> Duration? { fields.read(key, .duration) }

    /// A list of texts; empty where there is none.
    public func texts(_ key: String) -> [String] { fields.read(key, .texts) ?? [] }

    /// Texts by names that the user chooses; empty where there are none.
    public func textMap(_ key: String) -> [String: String] {
        fields.read(key, .textMap) ?? [:]
    }

    /// A list of texts that has to be there, and to have one at least.
    public func requiredTexts(_ key: String) -> [String]? {
        guard let texts = fields.require(key, .texts) else { return nil }
        if texts.isEmpty || texts[0].isEmpty {
            fields.fault("give one text at least", key: key)
            return nil
        }
        return texts
    }

    /// An object of known members, as JSON, that has to be there.
    public func object(_ key: String, members: [String]) -> String? {
        object(key, members: members, ofTexts: [])
    }

    /// An object of known members, as JSON, that has to be there.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - members: The members.
    ///   - names: Those of them whose own members are texts, as they stand in the file: `01234` is
    ///     no number there.
    /// - Returns: The JSON; `nil` where there is none, or one that is wrong, which is a fault then.
    func object(_ key: String, members: [String], ofTexts names: Set<String>) -> String? {
        fields.require(
            key,
            FieldKind<String>("a mapping") { place in
                let known = FieldKind<Bool>.mapping { reader in
                    reader.allow(members)
                    return true
                }
                guard known.convert(place) == true else { return nil }
                let node = place.node.withEntries { names.contains($0.key) ? $0.ofTexts : $0 }
                return FieldKind<String>.json.convert(
                    FieldPlace(node: node, path: place.path, faults: place.faults)
                )
            }
        )
    }

    /// Any value as JSON, that has to be there.
    public func json(_ key: String) -> String? { fields.require(key, .json) }

    /// Any value as JSON that may be absent.
    public func optionalJSON(_ key: String) -> String? { fields.read(key, .json) }

    /// A value of a type that JSON has, which may be absent.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - type: The type.
    /// - Returns: The value; `nil` where there is none, or one that is wrong, which is a fault
    ///   then.
    func value<Value: Decodable>(_ key: String, as type: Value.Type) -> Value? {
        guard let json = optionalJSON(key) else { return nil }
        do {
            return try JSONText.decode(type, from: json)
        } catch let error as DecodingError {
            fault("\(SpecError(error))", key: key)
        } catch {
            fault("\(error)", key: key)
        }
        return nil
    }
}

extension YAMLNode {
    /// The mapping with each entry changed; anything else as it is.
    fileprivate func withEntries(_ change: (YAMLEntry) -> YAMLEntry) -> YAMLNode {
        guard case .mapping(let entries) = value else { return self }
        return YAMLNode(mark: mark, value: .mapping(entries.map(change)))
    }
}

extension YAMLEntry {
    /// The entry with the scalars of its mapping as texts, but for empty ones.
    fileprivate var ofTexts: YAMLEntry {
        let node = value.withEntries { entry in
            guard case .scalar(let scalar) = entry.value.value, !entry.value.isNull else {
                return entry
            }
            let text = YAMLScalar(text: scalar.text, isPlain: false)
            let node = YAMLNode(mark: entry.value.mark, value: .scalar(text))
            return YAMLEntry(key: entry.key, mark: entry.mark, value: node)
        }
        return YAMLEntry(key: key, mark: mark, value: node)
    }
}

@available(*, unavailable)
extension PartSettings: Sendable {}
