import Tranche

/// Walks the keys of a mapping; those that nobody asked for are faults in the end.
package final class FieldReader {
    /// The mapping.
    package let place: FieldPlace
    private let entries: [String: YAMLEntry]
    private let order: [YAMLEntry]
    private var known: [String] = []

    init(_ entries: [YAMLEntry], at place: FieldPlace) {
        self.place = place
        order = entries
        self.entries = Dictionary(entries.map { ($0.key, $0) }) { first, _ in first }
    }

    /// The keys that are there, in order.
    package var keys: [String] { order.map(\.key) }

    /// Whether a key is there and its value is not empty; it counts as known from now on.
    package func has(_ key: String) -> Bool {
        value(key) != nil
    }

    /// Reads a value that may be absent; an empty one counts as absent.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - kind: What the value has to be.
    /// - Returns: The value; `nil` when it is absent or wrong, which is a fault then.
    package func read<Value>(_ key: String, _ kind: FieldKind<Value>) -> Value? {
        value(key).flatMap { kind.convert(place.child(key, $0)) }
    }

    /// Reads a value that has to be there.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - kind: What the value has to be.
    /// - Returns: The value; `nil` when it is absent or wrong, which is a fault.
    package func require<Value>(_ key: String, _ kind: FieldKind<Value>) -> Value? {
        if value(key) != nil { return read(key, kind) }
        if let entry = entries[key] {
            place.faults.add(
                "'\(key)' is empty; give \(kind.name)",
                at: entry.mark,
                path: place.child(key, entry.value).path
            )
        } else {
            place.fault("'\(key)' is missing; give \(kind.name)")
        }
        return nil
    }

    /// Says what is wrong with a key, where it stands, or with the mapping if it is absent.
    package func fault(_ message: String, key: String) {
        guard let entry = entries[key] else { return place.fault(message) }
        place.child(key, entry.value).fault(message)
    }

    /// Takes keys as known that are read elsewhere, or are read by other values only.
    package func allow(_ keys: [String]) {
        known += keys
    }

    /// Reports the keys that nobody asked for.
    func finish() {
        let names = Set(known)
        for entry in order where !names.contains(entry.key) {
            let shown = YAMLScalar(text: entry.key, isPlain: false).shownText
            let unused = known.filter { entries[$0] == nil }
            // Edits cost the product of the lengths, and no name is long.
            let nearest = entry.key.count > 100 ? nil : NearestName(unused).to(entry.key)
            let advice = nearest.map { "did you mean '\($0)'?" } ?? "known are: \(listed)"
            place.faults.add(
                "there is no key '\(shown)' here; \(advice)",
                at: entry.mark,
                path: place.child(entry.key, entry.value).path
            )
        }
    }

    private var listed: String {
        var seen: Set<String> = []
        let names = known.filter { seen.insert($0).inserted }
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }

    /// The value of a key, unless it is absent or empty.
    private func value(_ key: String) -> YAMLNode? {
        known.append(key)
        guard let node = entries[key]?.value, !node.isNull else { return nil }
        return node
    }
}
