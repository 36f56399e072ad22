public import Tranche

/// The offer of a module to callers that name sources, sinks and databases by a ``Spec``.
///
/// It is a ``SourceConnector``, a ``SinkConnector`` or a ``DatabaseConnector``, or several of them.
/// It opens nothing by itself: it makes the descriptions that are opened when work begins.
public protocol Connector: Sendable {
    /// The schemes that it takes; of one kind each name once.
    var schemes: [ConnectorScheme] { get }

    /// The same place, however another process spells it: with absolute paths in place of those
    /// that begin in this process's working folder.
    ///
    /// - Parameter spec: Has a scheme of this connector's.
    /// - Returns: The place; by default as it is given.
    /// - Throws: ``SpecError``, or `TrancheError` `.invalidArgument`.
    func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role>
}

extension Connector {
    /// As it is given.
    public func anchored<Role: SpecRole>(_ spec: Spec<Role>) throws -> Spec<Role> { spec }
}

/// A connector that makes sources.
public protocol SourceConnector: Connector {
    /// Describes a source.
    ///
    /// - Parameters:
    ///   - spec: Has a scheme of this connector's, and fields of that scheme alone.
    ///   - context: What else belongs to it.
    /// - Returns: The source; nothing is opened yet.
    /// - Throws: ``SpecError``, or `TrancheError` `.invalidArgument`.
    func source(
        _ spec: SourceSpec,
        _ context: ConnectorContext
    ) throws -> any MetaSourceDescription

    /// The names under which inventories keep the source: the one that is given now first, then
    /// those that earlier versions gave.
    ///
    /// - Parameter spec: As for ``source(_:_:)``.
    /// - Returns: At least one name; by default the location.
    /// - Throws: As ``source(_:_:)``.
    func recordedNames(of spec: SourceSpec) throws -> [String]

    /// The sources that may have been recorded under a definition.
    ///
    /// - Parameters:
    ///   - definition: What an inventory keeps of the source of a run.
    ///   - rootIDs: The ids at the root that the run is limited to.
    /// - Returns: The sources, the likeliest first; none (the default) for a source of another
    ///   connector.
    /// - Throws: What is wrong with the definition.
    func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec]
}

extension SourceConnector {
    /// The location.
    public func recordedNames(of spec: SourceSpec) throws -> [String] { [spec.location] }

    /// None.
    public func specs(
        recordedAs definition: SourceDefinition,
        rootIDs: IDBounds
    ) throws -> [SourceSpec] { [] }
}

/// A connector that makes sinks.
public protocol SinkConnector: Connector {
    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - spec: Has a scheme of this connector's, and fields of that scheme alone.
    ///   - context: What else belongs to it.
    /// - Returns: The sink; nothing is opened yet.
    /// - Throws: ``SpecError``, or `TrancheError` `.invalidArgument`.
    func sink(_ spec: SinkSpec, _ context: ConnectorContext) throws -> any RecordSink

    /// The target of the sink, as runs store it: the same however it is spelt.
    ///
    /// - Parameter spec: As for ``sink(_:_:)``.
    /// - Returns: The place, and what belongs to how it is written; the location by default.
    /// - Throws: As ``sink(_:_:)``.
    func target(of spec: SinkSpec) throws -> SinkTarget
}

extension SinkConnector {
    /// The location.
    public func target(of spec: SinkSpec) throws -> SinkTarget { SinkTarget(spec.location) }
}

/// A connector that finds databases in which inventories are kept.
public protocol DatabaseConnector: Connector {
    /// Describes where an inventory is.
    ///
    /// - Parameters:
    ///   - spec: Has a scheme of this connector's, and fields of that scheme alone.
    ///   - context: What else belongs to it.
    /// - Returns: The location; nothing is opened yet.
    /// - Throws: ``SpecError``, or `TrancheError` `.invalidArgument`.
    func inventory(_ spec: DatabaseSpec, _ context: ConnectorContext) throws -> InventoryLocation
}

/// The target of a sink, in words without credentials, as a run stores it.
public struct SinkTarget: Sendable, Hashable {
    /// Where records go.
    public var place: String
    /// The settings of how they are written, such as `key id`.
    public var manners: [String]

    /// Makes a target.
    public init(_ place: String, manners: [String] = []) {
        self.place = place
        self.manners = manners
    }

    /// Makes a target whose records replace those with the same key.
    ///
    /// - Parameters:
    ///   - place: Where records go.
    ///   - key: The fields of the key; none where records are only added.
    public init(_ place: String, key: [String]?) {
        let key = key ?? []
        self.init(place, manners: key.isEmpty ? [] : ["key \(key.joined(separator: ","))"])
    }

    /// The words.
    public var text: String {
        manners.isEmpty ? place : "\(place) (\(manners.joined(separator: "; ")))"
    }
}
