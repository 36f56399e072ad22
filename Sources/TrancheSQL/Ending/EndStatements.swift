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

/// How attempts end: the statements for one of them can be put together beforehand.
struct EndForm: Sendable {
    /// The statements for the batches of a condition, with the number of the attempt, the result
    /// and what is noted.
    let statements: @Sendable (_ isMeant: SQLStatement, _ values: [SQLStatement]) -> [SQLStatement]
    /// The statements for one attempt: its batch, and those values; empty until they are prepared.
    private(set) var templates: [SQLTemplate]

    init(
        _ templates: [SQLTemplate] = [],
        _ statements: @escaping @Sendable (SQLStatement, [SQLStatement]) -> [SQLStatement]
    ) {
        self.templates = templates
        self.statements = statements
    }

    /// The form with the statements for one attempt.
    func prepared() -> EndForm {
        if !templates.isEmpty { return self }
        var form = self
        let blanks = SQLTemplate.blanks(4)
        form.templates = statements("id = \(blanks[0])", Array(blanks.dropFirst())).map {
            SQLTemplate($0, values: 4)
        }
        return form
    }
}
