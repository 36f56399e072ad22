public import Tranche
public import TrancheConnectors

/// Webhooks as sinks: `webhook:https://…`.
///
/// Its field `each` says that each record is a request, and `budget` which budget is parked when
/// the receiver asks to come back later. The secret of signatures and the header field
/// `Authorization` are the credentials `TRANCHE_WEBHOOK_SECRET` and
/// `TRANCHE_WEBHOOK_AUTHORIZATION`.
public struct WebhookConnector: SinkConnector {
    /// Makes the connector.
    public init() {}

    /// `webhook:https://…`.
    public var schemes: [ConnectorScheme] {
        [
            ConnectorScheme(
                .sink,
                "webhook",
                form: "webhook:https://…",
                fields: ["each", "budget"]
            )
        ]
    }

    private struct Fields: Decodable {
        var each: Bool?
        var budget: String?
    }

    /// The webhook.
    public func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink {
        var configuration = WebhookSink.Configuration()
        let fields = try spec.fields(as: Fields.self)
        if fields.each ?? false { configuration.unit = .record }
        configuration.budget = fields.budget
        configuration.secret = try context.credentials.value("TRANCHE_WEBHOOK_SECRET")
        configuration.headers["Authorization"] =
            try context.credentials.value("TRANCHE_WEBHOOK_AUTHORIZATION")
        return try WebhookSink(spec.unmaskedPlace, configuration)
    }

    /// The URL without user information and without its query, either of which may be secret and
    /// may change.
    public func target(of spec: SinkSpec) throws -> SinkTarget {
        let isEach = try spec.fields(as: Fields.self).each ?? false
        return SinkTarget(
            "webhook \(spec.unmaskedPlace.withoutSecrets)",
            manners: isEach ? ["each record apart"] : []
        )
    }
}
