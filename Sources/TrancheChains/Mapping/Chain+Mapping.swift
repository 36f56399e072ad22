public import Tranche

extension Chain where Element == Record {
    /// Gives fields other names, puts some together, and adds others.
    ///
    /// - Parameter mapping: How.
    /// - Returns: The longer chain.
    public func mapping(_ mapping: FieldMapping) -> Chain<Record> {
        let before = fields
        return step(fields: { fields in
            try mapping.requireSound()
            return try fields.map { try FieldMappingPlan(mapping, fields: $0).fields }
        }) { context, records in
            let isTabular = try before(context.sourceFields) != nil
            var plan: (fields: RecordFields, plan: FieldMappingPlan)?
            return ChunkReader {
                guard let chunk = try await records.next() else { return nil }
                return try chunk.blockRuns.flatMap { run -> [Record] in
                    let fields = run[run.startIndex].fields
                    do {
                        if plan?.fields != fields {
                            let made = try FieldMappingPlan(
                                mapping,
                                fields: fields,
                                isTabular: isTabular
                            )
                            plan = (fields, made)
                        }
                    } catch let error as TrancheError where !isTabular {
                        for record in run { try context.reject(record, error.message) }
                        return []
                    }
                    return plan?.plan.map(run) ?? []
                }
            }
        }
    }

    /// Strips all characters except letters, digits and the like from names and texts.
    ///
    /// Names keep letters, digits, `-` and `_`, with one `_` for what lies between; texts keep
    /// letters, digits and `. - _ # & @`, with one blank; dates and times stay as they are. What is
    /// left out is lost: it is done only where it is asked for.
    ///
    /// - Returns: The longer chain.
    public func cleaning() -> Chain<Record> {
        let before = fields
        return step(fields: { try $0.map { try FieldCleaning($0).fields } }) { context, records in
            let isTabular = try before(context.sourceFields) != nil
            var cleaning: (fields: RecordFields, cleaning: FieldCleaning)?
            return ChunkReader {
                guard let chunk = try await records.next() else { return nil }
                return try chunk.blockRuns.flatMap { run -> [Record] in
                    let fields = run[run.startIndex].fields
                    do {
                        if cleaning?.fields != fields {
                            cleaning = (fields, try FieldCleaning(fields))
                        }
                    } catch let error as TrancheError where !isTabular {
                        for record in run { try context.reject(record, error.message) }
                        return []
                    }
                    return cleaning?.cleaning.clean(run) ?? []
                }
            }
        }
    }
}

extension [Record] {
    /// The longest runs of records of the same block; one where all are.
    var blockRuns: [ArraySlice<Record>] {
        var runs: [ArraySlice<Record>] = []
        var start = startIndex
        for place in indices where self[place].block !== self[start].block {
            runs.append(self[start..<place])
            start = place
        }
        if start < endIndex { runs.append(self[start...]) }
        return runs
    }
}
