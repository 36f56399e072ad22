import Tranche
import TrancheSQL

/// A prepared statement: of one text there are several where its values have other types.
struct PostgreSQLPrepared {
    let text: String
    /// The types of its values; 0 where the server has found them out.
    let types: [UInt32]
    let name: String

    init(_ statement: SQLStatement) {
        text = statement.text
        types = statement.binds.map(\.parameterType)
        // The name belongs to text and types: should a session be shared unnoticed after all,
        // another's statement cannot be run for it.
        var digest = SQLDigest()
        digest.add(.text(text))
        for type in types { digest.add(.integer(Int64(type))) }
        name = "tranche_\(digest.value)_\(text.utf8.count)"
    }

    /// Whether a statement can be run by it, each value exactly as it is; NULL is of any type.
    func runs(_ statement: SQLStatement) -> Bool {
        text.hasBytes(of: statement.text) && types.count == statement.binds.count
            && zip(statement.binds, types).allSatisfy { bind, type in
                bind == .null || bind.parameterType == type
            }
    }
}
