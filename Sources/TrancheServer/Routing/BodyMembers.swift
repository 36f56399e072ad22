import Synchronization
import Tranche

/// The members that bodies may have: one that is misspelt would mean nothing, without a word.
enum BodyMembers {
    private static let known = Mutex<[ObjectIdentifier: [String]]>([:])

    /// Refuses a body with a member that its type does not have.
    ///
    /// - Parameters:
    ///   - given: The body's members, or those of an object in it.
    ///   - type: What it was decoded as.
    ///   - place: Where the object stands in the body, as a JSON pointer; empty (the default) for
    ///     the body itself.
    /// - Throws: ``Refusal`` 400 with the member.
    static func check<Body: Decodable>(
        _ given: [StrictJSON.Member],
        of type: Body.Type,
        at place: String = ""
    ) throws {
        let names = try names(of: type)
        let others = given.lazy.map(\.name).filter { !names.contains($0) }
        guard let other = others.min() else { return }
        let nearest = NearestName(names).to(other).map { "; did you mean '\($0)'?" }
        let all = "; there are \(names.joined(separator: ", "))"
        throw Refusal(
            400,
            "unknown_field",
            "there is no field '\(HumanText.excerpt(other))'\(nearest ?? all)",
            field: "\(place)/\(other.replacing("~", with: "~0").replacing("/", with: "~1"))"
        )
    }

    private static func names<Body: Decodable>(of type: Body.Type) throws -> [String] {
        let key = ObjectIdentifier(type)
        if let names = known.withLock({ $0[key] }) { return names }
        let names = try SchemaReader.members(of: type)
        known.withLock { $0[key] = names }
        return names
    }
}
