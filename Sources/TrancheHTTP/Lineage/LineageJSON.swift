/// Parts of JSON, made by hand: two events a batch, on the way of all work, are to cost little.
enum LineageJSON {
    /// An object of members whose values are JSON already.
    static func object(_ members: [(name: String, json: String)]) -> String {
        "{" + members.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ",") + "}"
    }

    /// A list of values that are JSON already.
    static func list(_ values: [String]) -> String {
        "[" + values.joined(separator: ",") + "]"
    }
}
