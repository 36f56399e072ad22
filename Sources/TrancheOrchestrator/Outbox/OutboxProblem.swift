/// Why a table cannot be recorded.
enum OutboxProblem {
    /// What a word of `tranche.wanted` means, and what to do about it.
    static func words(_ problem: String) -> String {
        switch problem {
        case "own": "is the database's or Tranche's own"
        case "view": "is a view, whose changes no trigger sees: name the tables that it reads"
        case "foreign-table":
            "is, or has a part, of another server, whose changes no trigger sees: record it there, "
                + "or name its local partitions one by one"
        case "no-key":
            "has no primary key that identifies a row: name the columns that do"
        case "no-column": "does not have all the columns that are named as its key"
        case "nullable-key":
            "has a key with columns that may be null: name others, or declare them NOT NULL"
        default: "is not a table"
        }
    }
}
