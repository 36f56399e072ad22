import FoundationEssentials
import Tranche

/// Which object, or which prefix of names, of which bucket.
struct ObjectName: Sendable, Hashable {
    enum Store: String, Sendable, Hashable, CaseIterable {
        case google = "gs"
        case amazon = "s3"
    }

    var store: Store
    var bucket: String
    /// The object's name, or what the names of several begin with.
    var key: String

    /// Reads `gs://bucket/name` or `s3://bucket/name`.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ url: String) throws {
        guard let scheme = url.firstRange(of: "://"),
            let store = Store(rawValue: String(url[..<scheme.lowerBound]))
        else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)' is not an object; give gs://bucket/name or "
                    + "s3://bucket/name"
            )
        }
        let rest = url[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let bucket = String(rest[..<slash])
        let isName = bucket.allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber)
                || "-_.".contains(character)
        }
        guard !bucket.isEmpty, isName else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)' names no bucket; give \(store.rawValue)://bucket/name"
            )
        }
        self.store = store
        self.bucket = bucket
        key = String(rest[slash...].dropFirst())
    }

    /// The URL.
    var url: String { "\(store.rawValue)://\(bucket)/\(key)" }

    func object(_ key: String) -> ObjectName {
        var name = self
        name.key = key
        return name
    }
}

/// A query whose parameters are sorted and encoded.
func queryText(_ parameters: [String: String]) -> String {
    let pairs = parameters.map { ($0.key.percentEncoded(), $0.value.percentEncoded()) }
    return pairs.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
}
