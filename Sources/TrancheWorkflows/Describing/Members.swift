import Tranche
import TrancheConnectors

/// The members of a JSON object; one that is not known is refused, with the nearest name.
struct Members {
    private let container: KeyedDecodingContainer<DynamicKey>
    /// The fields that lead to the object.
    let path: [String]

    /// Takes the members.
    ///
    /// - Parameters:
    ///   - decoder: Stands at the object.
    ///   - what: What the object is, such as "a workflow".
    ///   - known: The names that members may have.
    /// - Throws: `SpecError`.
    init(_ decoder: any Decoder, of what: String, _ known: [String]) throws {
        path = decoder.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
        do {
            container = try decoder.container(keyedBy: DynamicKey.self)
        } catch {
            throw SpecError(.invalidValue, field: path, "must be an object: \(what)")
        }
        for name in container.allKeys.map(\.stringValue).sorted() where !known.contains(name) {
            let nearest = NearestName(known).to(name).map { "did you mean \($0)?" }
            let all = "there are \(known.sorted().joined(separator: ", "))"
            let words = "is not a field of \(what); \(nearest ?? all)"
            throw SpecError(.unknownField, field: path + [name], words)
        }
    }

    /// The names that are there, in order.
    var names: [String] { container.allKeys.map(\.stringValue).sorted() }

    /// Whether a member is there, and not null.
    func has(_ name: String) throws -> Bool {
        let key = DynamicKey(name)
        guard container.contains(key) else { return false }
        return try !container.decodeNil(forKey: key)
    }

    /// The value of a member; `nil` where it is absent or null.
    func value<Value: Decodable>(_ name: String, _ type: Value.Type = Value.self) throws -> Value? {
        do {
            return try container.decodeIfPresent(type, forKey: DynamicKey(name))
        } catch let error as DecodingError {
            throw SpecError(error)
        }
    }

    /// The value of a member that must be there.
    func required<Value: Decodable>(_ name: String, toSay what: String) throws -> Value {
        guard let value: Value = try value(name) else {
            throw SpecError(.missing, field: path + [name], "nothing says \(what): give")
        }
        return value
    }

    /// A duration such as `"90s"`, or a number of seconds.
    func duration(_ name: String) throws -> Duration? {
        try quantity(name) { (text) throws(UnitText.Fault) in try UnitText.duration(text) }
    }

    /// A weight such as `"8MiB"`, or a number.
    func weight(_ name: String) throws -> Double? {
        try quantity(name) { (text) throws(UnitText.Fault) in try UnitText.weight(text) }
    }

    private func quantity<Value>(
        _ name: String,
        _ read: (String) throws(UnitText.Fault) -> Value
    ) throws -> Value? {
        guard let given: SpecValue = try value(name) else { return nil }
        let text: String? =
            switch given {
            case .text(let text): text
            case .whole, .fraction: given.description
            default: nil
            }
        guard let text else {
            throw SpecError(.invalidValue, field: path + [name], "must be a number or a text")
        }
        do {
            return try read(text)
        } catch {
            throw SpecError(
                .unusable,
                field: path + [name],
                value: text,
                error.message
            )
        }
    }
}
