public import Tranche

extension Chain where Element == Record {
    /// Lets through records that meet a schema, with their fields converted to its types.
    ///
    /// Without `rejectsTo`, a batch with records that do not fails, with these to blame: they are quarantined,
    /// and all the rest is a batch again.
    ///
    /// - Parameters:
    ///   - schema: The schema.
    ///   - rejects: The file to which those go that do not meet it, each with all that is wrong with it.
    /// - Returns: The longer chain.
    public func validate(
        _ schema: RecordSchema,
        rejectsTo rejects: RejectFile? = nil
    ) -> Chain<Record> {
        step(
            fields: { fields in
                if let fields { try schema.check(fields) }
                return fields
            },
            attachment: rejects
        ) { context, records in
            context.counters.add(0, to: CounterName.valid)
            context.counters.add(0, to: CounterName.rejected)
            var validator: (fields: RecordFields, validator: SchemaValidator)?
            return ChunkReader {
                guard let chunk = try await records.next() else { return nil }
                var valid: [Record] = []
                // Records that say their fields themselves may differ in them.
                for run in chunk.blockRuns {
                    let fields = run[run.startIndex].fields
                    if validator?.fields != fields {
                        validator = (fields, try SchemaValidator(schema, fields: fields))
                    }
                    let checked = try validator?.validator.validate(run) { try context.reject($0) }
                    if valid.isEmpty { valid = checked ?? [] } else { valid += checked ?? [] }
                }
                context.counters.add(valid.count, to: CounterName.valid)
                return valid
            }
        }
    }

    /// Turns records into values of a type; those that cannot be are not valid.
    ///
    /// Fields are matched by the type's coding keys. Text becomes numbers, booleans, dates and the like as
    /// the type asks, and nothing where it is empty.
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
                values.reserveCapacity(chunk.count)
                for record in chunk {
                    switch decoder.decode(type, from: record) {
                    case .value(let value): values.append(value)
                    case .fault(let fault): try context.reject(fault)
                    }
                }
                context.counters.add(values.count, to: CounterName.valid)
                return values
            }
        }
    }
}
