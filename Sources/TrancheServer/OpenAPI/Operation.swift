import Tranche

/// A route, as OpenAPI describes one.
struct Operation: Encodable {
    private let route: Route
    private let body: JSONSchema?
    private let answers: [(Int, String, String?, JSONSchema?)]

    init(_ route: Route, refusal: JSONSchema, _ reader: SchemaReader) throws {
        self.route = route
        body = try route.body.map { try reader.schema(of: $0) }
        var answers: [(Int, String, String?, JSONSchema?)] = []
        for answer in route.answers {
            let schema = try answer.type.map { try reader.schema(of: $0) }
            let media = answer.media ?? (schema == nil ? nil : "application/json")
            answers.append((answer.status, answer.help, media, schema))
        }
        for (status, help) in Self.refusals(of: route)
        where !answers.contains(where: { $0.0 == status }) {
            answers.append((status, help, "application/json", refusal))
        }
        self.answers = answers
    }

    /// What any route may answer in place of what was asked for.
    private static func refusals(of route: Route) -> [(Int, String)] {
        var refusals = [(400, "Something in the request is wrong.")]
        if route.role != nil || route.body != nil || route.method == "DELETE" {
            refusals.append((401, "A token is missing, or is none."))
            refusals.append((403, "The token is not for this."))
        }
        let names = route.query.map(\.name)
        if route.path.contains("{") || names.contains("run") {
            refusals.append((404, "There is no such thing."))
        }
        if route.role != nil, route.method == "POST" {
            refusals.append((409, "It is in another state."))
        } else if names.contains("meta"), route.path.contains("{job}") || names.contains("run") {
            refusals.append((409, "The job has several sources; name one as 'meta'."))
        }
        if route.body != nil {
            refusals.append((413, "The body is too large."))
            refusals.append((415, "The body is not said to be JSON."))
        }
        refusals.append((421, "No request for this host is answered here."))
        refusals.append((500, "Something went wrong here."))
        refusals.append((503, "The inventory cannot be reached now, or there is too much to do."))
        return refusals
    }

    private enum Key: String, CodingKey {
        case operationId, summary, security, parameters, requestBody, responses
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(name, forKey: .operationId)
        try values.encode(route.summary, forKey: .summary)
        if route.role != nil {
            try values.encode(
                [["bearer": [String]()], ["cookie": []]],
                forKey: .security
            )
        }
        let parameters = parameters
        if !parameters.isEmpty { try values.encode(parameters, forKey: .parameters) }
        if let body {
            try values.encode(
                Body(content: OpenAPIDocument.Ordered([("application/json", Media(schema: body))])),
                forKey: .requestBody
            )
        }
        try values.encode(
            OpenAPIDocument.Ordered(
                answers.map { status, help, media, schema in
                    (
                        String(status),
                        Response(
                            description: help,
                            content: media.map {
                                OpenAPIDocument.Ordered([($0, Media(schema: schema ?? .any))])
                            }
                        )
                    )
                }
            ),
            forKey: .responses
        )
    }

    /// Such as `getRunsBatches`.
    private var name: String {
        let words = route.segments.map { segment in
            let word = segment.filter { $0.isLetter || $0.isNumber }
            return word.prefix(1).uppercased() + word.dropFirst()
        }
        return route.method.lowercased() + words.joined()
    }

    private var parameters: [Parameter] {
        var found = route.parameters.map { _, name in
            let isNumber = name == "id" || name == "attempt"
            return Parameter(
                name: name,
                place: "path",
                required: true,
                description: Self.help(of: name),
                schema: isNumber ? .integer : .string
            )
        }
        found += route.query.map { query in
            let schema: JSONSchema =
                switch query.kind {
                case .text: .string
                case .whole, .id: .integer
                case .words(let words): .words(words)
                }
            return Parameter(
                name: query.name,
                place: "query",
                required: false,
                description: query.help,
                schema: schema
            )
        }
        if route.path.hasSuffix("/acquire") {
            found.append(
                Parameter(
                    name: "Idempotency-Key",
                    place: "header",
                    required: false,
                    description: "The same key gives the same batch.",
                    schema: .string
                )
            )
        }
        return found
    }

    /// What a parameter of the path is.
    private static func help(of name: String) -> String {
        switch name {
        case "run": "The run; '-' is the incremental one."
        case "item": "The item's id, or its uid where that is no integer."
        default: "The \(name)."
        }
    }

    private struct Parameter: Encodable {
        let name: String
        let place: String
        let required: Bool
        let description: String
        let schema: JSONSchema

        enum CodingKeys: String, CodingKey {
            case name
            case place = "in"
            case required, description, schema
        }
    }

    private struct Body: Encodable {
        let required = true
        let content: OpenAPIDocument.Ordered<Media>

        enum CodingKeys: String, CodingKey { case required, content }
    }

    private struct Media: Encodable {
        let schema: JSONSchema
    }

    private struct Response: Encodable {
        let description: String
        let content: OpenAPIDocument.Ordered<Media>?

        enum CodingKeys: String, CodingKey { case description, content }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(description, forKey: .description)
            if let content { try values.encode(content, forKey: .content) }
        }
    }
}
