/// The names of the fields that records of one kind have, in order.
///
/// Records share one object, so that a name costs nothing per record.
public final class RecordFields: Sendable {
    /// The names, in order; each once, none empty but where a JSON object has such a name.
    public let names: [String]
    private let places: [String: Int]

    /// Makes the fields.
    ///
    /// - Parameter names: The names, in order.
    /// - Throws: ``TrancheError`` `.invalidArgument` for an empty name, or one that stands twice.
    public convenience init(_ names: [String]) throws {
        try self.init(names, mayHaveEmpty: false)
    }

    /// Makes the fields of names that were made of others.
    ///
    /// - Parameters:
    ///   - names: The names, in order.
    ///   - mayHaveEmpty: Whether one may be empty, as JSON has it.
    /// - Throws: ``TrancheError`` `.invalidArgument` for another empty name, or one that stands
    ///   twice.
    package init(_ names: [String], mayHaveEmpty: Bool) throws {
        var places: [String: Int] = [:]
        for (place, name) in names.enumerated() {
            guard !name.isEmpty || mayHaveEmpty else {
                throw TrancheError(
                    .invalidArgument,
                    "field \(place + 1) has no name; give every field one"
                )
            }
            if let before = places.updateValue(place, forKey: name) {
                throw TrancheError(
                    .invalidArgument,
                    "fields \(before + 1) and \(place + 1) are both named '\(name)'; "
                        + "every field needs a name of its own"
                )
            }
        }
        self.names = names
        self.places = places
    }

    /// Makes the fields of names that are known to stand once; one may be empty, as JSON has it.
    package init(unique names: [String]) {
        self.names = names
        places = Dictionary(
            names.enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private init() {
        names = []
        places = [:]
    }

    /// No fields.
    package static let none = RecordFields()

    /// How many fields there are.
    public var count: Int { names.count }

    /// Where a field stands, from 0; `nil` when there is none of that name.
    public func place(of name: String) -> Int? { places[name] }

    /// Where a field stands that is spelt alike, from 0; `nil` where one only looks alike, and
    /// where there is none.
    package func place(spelt name: String) -> Int? {
        guard let place = places[name] else { return nil }
        func isName(_ other: String) -> Bool { other.hasBytes(of: name) }
        return isName(names[place]) ? place : names.firstIndex(where: isName)
    }

    /// Whether these are the names, in order; a name that looks like another is none of its
    /// spellings.
    package func areSpelt(_ names: [String]) -> Bool {
        self.names.elementsEqual(names) { $0.hasBytes(of: $1) }
    }
}

extension RecordFields: Hashable {
    /// Whether names and order are the same; a name that looks like another is none of its
    /// spellings.
    public static func == (lhs: RecordFields, rhs: RecordFields) -> Bool {
        lhs === rhs || lhs.areSpelt(rhs.names)
    }

    /// Hashes the names.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(names)
    }
}
