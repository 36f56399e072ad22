public import Tranche

extension Chain where Element == Record {
    /// Lets through records that meet a schema, with their fields converted to its types.
    ///
    /// Where all records have the same fields, as those of a CSV file or a table, a field without a
    /// value is as good as absent, and a file without a required field is refused at the start;
    /// otherwise each record is judged by itself. Without `rejectsTo`, a batch with records that do
    /// not fails, with these to blame: they are quarantined, and all the rest is a batch again.
    ///
    /// - Parameters:
    ///   - schema: The schema.
    ///   - rejects: The file to which those go that do not meet it, each with all that is wrong
    ///     with it; also what cannot be read, or the sink does not take, where nothing behind names
    ///     a file for that.
    /// - Returns: The longer chain.
    public func validate(
        _ schema: RecordSchema,
        rejectsTo rejects: RejectFile? = nil
    ) -> Chain<Record> {
        let before = fields
        return step(
            fields: { fields in
                if let fields { try schema.check(fields) }
                return fields
            },
            notices: { fields in
                let absent = fields.map { schema.absent(from: $0) } ?? []
                if absent.isEmpty { return [] }
                return [
                    "the schema describes fields that the records do not have: "
                        + absent.joined(separator: ", ")
                ]
            },
            attachment: rejects
        ) { context, records in
            context.counters.add(0, to: CounterName.valid)
            context.counters.add(0, to: CounterName.rejected)
            let isTabular = try before(context.sourceFields) != nil
            var last: (fields: RecordFields, validator: SchemaValidator)?
            var validators: [RecordFields: SchemaValidator] = [:]
            return ChunkReader {
                guard let chunk = try await records.next() else { return nil }
                var valid: [Record] = []
                // Records that say their fields themselves may differ in them.
                for run in chunk.blockRuns {
                    let fields = run[run.startIndex].fields
                    if last?.fields != fields {
                        let validator =
                            try validators[fields]
                            ?? SchemaValidator(schema, fields: fields, isTabular: isTabular)
                        // Records that all differ are not remembered for ever.
                        if validators.count > 100 { validators = [:] }
                        validators[fields] = validator
                        last = (fields, validator)
                    }
                    let checked = try last?.validator.validate(run) { fault in
                        try context.reject(fault, by: .step, to: rejects)
                    }
                    if valid.isEmpty { valid = checked ?? [] } else { valid += checked ?? [] }
                }
                context.counters.add(valid.count, to: CounterName.valid)
                return valid
            }
        }
    }

    /// Sends records that cannot be read, or that the sink does not take, to a file.
    ///
    /// Without it a batch with such records fails, with these to blame: they are quarantined, and
    /// all the rest is a batch again. What a step with a file of its own rejects goes there.
    ///
    /// - Parameter rejects: The file, in which each is with what is wrong with it.
    /// - Returns: The longer chain.
    public func rejecting(to rejects: RejectFile) -> Chain<Record> {
        var rejects = rejects
        rejects.takesRest = true
        return step(fields: { $0 }, attachment: rejects) { context, records in
            context.counters.add(0, to: CounterName.rejected)
            return records
        }
    }

    /// Turns records into values of a type; those that cannot be are not valid.
    ///
    /// Fields are matched by the type's coding keys. Text becomes numbers, booleans, dates and the
    /// like as the type asks, and nothing where it is empty.
    ///
    /// - Parameters:
    ///   - type: The type.
    ///   - rejects: As for ``validate(_:rejectsTo:)``.
    /// - Returns: The longer chain.
    public func validate<Value: Decodable & Sendable>(
        as type: Value.Type,
        rejectsTo rejects: RejectFile? = nil
    ) -> Chain<Value> {
        step(attachment: rejects) { context, records in
            context.counters.add(0, to: CounterName.valid)
            context.counters.add(0, to: CounterName.rejected)
            let decoder = RecordDecoder()
            return ChunkReader {
                guard let chunk = try await records.next() else { return nil }
                var values: [Value] = []
                var items: [Int64] = []
                values.reserveCapacity(chunk.count)
                items.reserveCapacity(chunk.count)
                for record in chunk {
                    switch decoder.decode(type, from: record) {
                    case .value(let value):
                        values.append(value)
                        items.append(record.id)
                    case .fault(let fault): try context.reject(fault, by: .step, to: rejects)
                    }
                }
                context.counters.add(values.count, to: CounterName.valid)
                context.items = items
                return values
            }
        }
    }
}
