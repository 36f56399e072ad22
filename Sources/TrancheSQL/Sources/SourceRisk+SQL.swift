package import Tranche

extension SourceRisk {
    /// What happens, and what may be done, wherever ids appear unannounced.
    package static let lateRemedy =
        "Ids that appear late are handed out late, for as long as --watch says, and 'tranche "
        + "audit' finds them after that"

    /// Likewise, where a lag helps.
    package static let lagRemedy =
        "\(lateRemedy); with '--settle-lag 30s' ids wait so long before they are handed out"

    /// An id may stand more than once.
    ///
    /// - Parameters:
    ///   - uid: The column.
    ///   - index: What is known of the indexes of the one table that it is of; `nil` (the default)
    ///     where there are several, or it is not known.
    /// - Returns: The risk.
    package static func noUniqueIndex(_ uid: String, _ index: SourceIndex? = nil) -> SourceRisk {
        let doubled =
            "an id may stand more than once, which stops the run, or, where a batch was given the "
            + "id already, is found by 'tranche audit' and handed out to nobody"
        let name = "no-unique-index"
        guard let index else {
            return SourceRisk(
                name,
                "no unique index is on '\(uid)' alone: \(doubled); and without any index each "
                    + "acquire reads the whole table. A unique index on the table's column avoids "
                    + "both; a key of several columns, as that of a partitioned table, does not, "
                    + "nor do the indexes of tables that a view puts together"
            )
        }
        let remedy = index.remedy
        if !index.isThere {
            let cost = "no index begins with '\(uid)': each acquire reads the whole table"
            return SourceRisk(
                name,
                remedy.isUnique
                    ? "\(cost), and \(doubled). \(remedy.statement) avoids both"
                    : "\(cost). \(remedy.statement) avoids that. As no unique index is on the "
                        + "column alone, \(doubled)"
            )
        }
        return SourceRisk(
            name,
            "no unique index is on '\(uid)' alone: \(doubled)"
                + (remedy.isUnique ? ". \(remedy.statement) avoids it" : "")
        )
    }

    /// A view shows other rows as time goes by.
    ///
    /// - Parameter calls: What it calls.
    /// - Returns: The risk.
    package static func changingView(_ calls: [String]) -> SourceRisk {
        SourceRisk(
            "changing-view",
            "the view calls \(calls.joined(separator: ", ")), whose answer may change: a row may "
                + "come into view, behind the cursor, long after it was committed. \(lateRemedy). "
                + "A view that compares with columns and fixed values alone avoids it"
        )
    }
}
