/// The role of a ``Spec``: a source, a sink or a database.
public protocol SpecRole: Sendable {
    /// Which it is.
    static var kind: SpecKind { get }
}

/// The kinds of things that a ``Spec`` names.
public enum SpecKind: String, Sendable, Hashable, CaseIterable {
    /// Where items are listed.
    case source
    /// Where records are written.
    case sink
    /// Where an inventory or tables are.
    case database
}

/// The role of a ``SourceSpec``.
public enum SourceRole: SpecRole {
    /// A source.
    public static let kind = SpecKind.source
}

/// The role of a ``SinkSpec``.
public enum SinkRole: SpecRole {
    /// A sink.
    public static let kind = SpecKind.sink
}

/// The role of a ``DatabaseSpec``.
public enum DatabaseRole: SpecRole {
    /// A database.
    public static let kind = SpecKind.database
}

/// A source, such as `csv:data/x.csv`, `inventory:clean` or the table `raw.files`.
public typealias SourceSpec = Spec<SourceRole>

/// A sink, such as `table:customer`, `jsonl:out.jsonl` or `none`.
public typealias SinkSpec = Spec<SinkRole>

/// A database, such as `sqlite:shop.db` or `postgresql://host/shop`.
public typealias DatabaseSpec = Spec<DatabaseRole>
