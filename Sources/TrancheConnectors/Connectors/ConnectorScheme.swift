/// A scheme that a connector takes: what it names, and which fields it has.
public struct ConnectorScheme: Sendable, Hashable {
    /// The kind of thing that it names.
    public var kind: SpecKind
    /// The prefix of its texts; empty for texts without a scheme.
    public var name: String
    /// How texts look, such as `csv:PATH`.
    public var form: String
    /// The only places that it takes; any with `nil`, the default.
    public var places: Set<String>?
    /// A noun with its article, such as `a file of CSV`: it completes "goes with …".
    public var noun: String
    /// The names of the fields.
    public var fields: Set<String>

    /// Describes a scheme.
    ///
    /// - Parameters:
    ///   - kind: What it names.
    ///   - name: What texts begin with; empty for texts without a scheme.
    ///   - form: How texts look.
    ///   - places: The only places that it takes; any by default.
    ///   - noun: What it is, with its article; the form by default.
    ///   - fields: The names of the fields.
    public init(
        _ kind: SpecKind,
        _ name: String,
        form: String,
        places: Set<String>? = nil,
        noun: String? = nil,
        fields: Set<String> = []
    ) {
        self.kind = kind
        self.name = name
        self.form = form
        self.places = places
        self.noun = noun ?? form
        self.fields = fields
    }
}
