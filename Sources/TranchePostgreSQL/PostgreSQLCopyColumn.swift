import TrancheSQL

/// What COPY makes of a column's values, by its type.
struct PostgreSQLCopyColumn: Sendable {
    /// A type that is written in binary.
    enum Kind: Sendable {
        case int2, int4, int8, float4, float8, boolean, text, timestamp, timestamptz, date, jsonb,
            bytea
    }

    /// How a value that is not text is spelled where the format is text.
    enum Spelling: Sendable, Equatable {
        /// As it was read, where it was read from text.
        case asRead
        /// By its value.
        case asValue
        /// As the former, and a JSON array as one of PostgreSQL.
        case array(ofJSON: Bool)
    }

    /// `nil` where only the text format will do.
    let kind: Kind?
    /// Which values are refused here rather than by the server; `nil` for none.
    let refusing: Kind?
    let spelling: Spelling
    /// The type of an array's elements, where it is a floating-point one.
    let floatingElement: Kind?

    init(_ column: SQLLoad.Column) {
        kind = Self.kind(of: column.type)
        let base = Self.kind(of: column.baseType)
        refusing = kind ?? (base == .float4 || base == .float8 ? base : nil)
        spelling = Self.spelling(of: column.baseType)
        floatingElement =
            switch column.baseType {
            case "real[]": .float4
            case "double precision[]": .float8
            default: nil
            }
    }

    private static func kind(of type: String) -> Kind? {
        switch type {
        case "smallint": .int2
        case "integer": .int4
        case "bigint": .int8
        case "real": .float4
        case "double precision": .float8
        case "boolean": .boolean
        case "text", "json", "character varying": .text
        case "timestamp with time zone": .timestamptz
        case "timestamp without time zone": .timestamp
        case "date": .date
        case "jsonb": .jsonb
        case "bytea": .bytea
        // A length counts characters, which the server checks.
        case _ where type.hasPrefix("character varying(") && type.hasSuffix(")"): .text
        default: nil
        }
    }

    private static func spelling(of type: String) -> Spelling {
        switch type {
        case "smallint", "integer", "bigint", "boolean", "date",
            "timestamp with time zone", "timestamp without time zone",
            "time with time zone", "time without time zone":
            .asValue
        case "json[]", "jsonb[]": .array(ofJSON: true)
        default: type.hasSuffix("[]") ? .array(ofJSON: false) : .asRead
        }
    }
}
