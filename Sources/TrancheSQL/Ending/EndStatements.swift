/// Statements that end attempts; those that read give a row for each attempt that was held.
struct EndStatements {
    var statements: [SQLStatement] = []
    var reading: [Int] = []

    /// The rows of the batches that were ended, out of the statements' answers.
    func rows(in answers: ArraySlice<SQLRows>) -> [SQLRow] {
        reading.flatMap { number -> [SQLRow] in
            let answer = answers[answers.startIndex + number]
            return (0..<answer.count).map { answer[$0] }
        }
    }
}
