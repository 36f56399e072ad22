import Tranche

/// A description of routes, as OpenAPI 3.1.
///
/// Source: OpenAPI Specification 3.1.0.
struct OpenAPIDocument {
    private let routes: [Route]
    private let base: String
    private let version: String

    init(_ routes: [Route], base: String, version: String) {
        self.routes = routes
        self.base = base
        self.version = version
    }

    /// The description as JSON.
    ///
    /// - Throws: What a document's decoder throws; documents of this package throw nothing.
    var text: String {
        get throws {
            let reader = SchemaReader()
            let refusal = try reader.schema(of: RefusalDocument.self)
            var paths: [(String, [(String, Operation)])] = []
            for route in routes {
                let entry = (
                    route.method.lowercased(),
                    try Operation(route, refusal: refusal, reader)
                )
                if let place = paths.firstIndex(where: { $0.0 == route.path }) {
                    paths[place].1.append(entry)
                } else {
                    paths.append((route.path, [entry]))
                }
            }
            return try Root(
                openapi: "3.1.0",
                info: Info(title: "Tranche", version: version.isEmpty ? "0" : version),
                servers: [Place(url: base.isEmpty ? "/" : base)],
                paths: Ordered(paths.map { ($0.0, Ordered($0.1)) }),
                components: Components(
                    schemas: Ordered(
                        reader.named.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
                    ),
                    securitySchemes: Schemes()
                )
            ).documentText()
        }
    }

    // MARK: - Parts

    /// Members in an order of their own.
    struct Ordered<Value: Encodable>: Encodable {
        let members: [(String, Value)]

        init(_ members: [(String, Value)]) { self.members = members }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: NameKey.self)
            for (name, value) in members { try values.encode(value, forKey: NameKey(name)) }
        }
    }

    private struct Root: Encodable {
        let openapi: String
        let info: Info
        let servers: [Place]
        let paths: Ordered<Ordered<Operation>>
        let components: Components
    }

    private struct Info: Encodable {
        let title: String
        let version: String
    }

    private struct Place: Encodable {
        let url: String
    }

    private struct Components: Encodable {
        let schemas: Ordered<JSONSchema>
        let securitySchemes: Schemes
    }

    private struct Schemes: Encodable {
        struct Bearer: Encodable {
            var type = "http"
            var scheme = "bearer"
        }

        struct Cookie: Encodable {
            var type = "apiKey"
            var `in` = "cookie"
            var name = PageSessions.cookie
        }

        var bearer = Bearer()
        var cookie = Cookie()
    }
}
