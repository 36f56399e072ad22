/// Which edition of JSON Schema a file is written in, as far as the editions differ.
enum SchemaDialect: Sendable {
    case draft4, draft6, draft7, draft2019, draft2020

    private static let known: [(address: String, dialect: SchemaDialect)] = [
        ("json-schema.org/draft-04/schema", .draft4), ("json-schema.org/draft-06/schema", .draft6),
        ("json-schema.org/draft-07/schema", .draft7),
        ("json-schema.org/draft/2019-09/schema", .draft2019),
        ("json-schema.org/draft/2020-12/schema", .draft2020),
    ]

    /// The edition that `$schema` names; `nil` when it is not known here.
    init?(address: String) {
        var address = Substring(address)
        if address.hasSuffix("#") { address.removeLast() }
        for scheme in ["http://", "https://"] where address.hasPrefix(scheme) {
            address.removeFirst(scheme.count)
        }
        guard let known = Self.known.first(where: { $0.address == address }) else { return nil }
        self = known.dialect
    }

    /// The keyword that gives a part of the file an address.
    var identifier: String { self == .draft4 ? "id" : "$id" }

    /// Whether what stands beside `$ref` says nothing.
    var ignoresSiblings: Bool { self == .draft4 || self == .draft6 || self == .draft7 }

    /// Whether what `contains` found counts as looked at by `unevaluatedItems`.
    var marksContained: Bool { self == .draft2020 }
}
