import Tranche

/// What one field of records must be, with what its texts become.
final class FieldRule {
    let core: RuleCore
    /// The schemas that it must meet; empty where the schema says nothing, or the record is asked
    /// as a whole.
    let schemas: [Int]
    /// The one schema that says all of scalars, and names no values but texts; `nil` when there is
    /// none.
    let plain: SchemaBox?
    /// Whether every record must have it.
    let isRequired: Bool
    /// Whether a record without a value is as one without the field.
    let allowsNothing: Bool
    /// Whether a text that cannot become what it should stays a text.
    let isAttempt: Bool
    /// The types of which a text may become one.
    let textTypes: JSONTypes
    /// The schemas of the field, where a text may spell a value of their `enum` or `const` that is
    /// none; else empty.
    let choosing: [Int]
    /// Whether whole numbers are wanted, and no others.
    let wantsIntegers: Bool

    /// Makes a rule ready.
    ///
    /// - Parameters:
    ///   - name: The field.
    ///   - isRequired: Whether every record must have it.
    ///   - reading: How values are read.
    ///   - isWhole: Whether the record is asked as a whole.
    ///   - known: What the schema says of types.
    ///   - keys: The allowed texts of all rules; gets those of this one.
    /// - Throws: ``Undecided`` when a pattern of the schema cannot tell whether it means the field.
    init(
        _ name: String,
        isRequired: Bool,
        reading: RecordReading,
        isWhole: Bool,
        _ known: inout FieldTypes,
        keys: inout [RuleCore.Key]
    ) throws(Undecided) {
        let root = known.document.target(of: known.document.root)
        let schemas = try known.schemas(for: name, in: root)
        var types = JSONTypes.all
        for schema in schemas { types.formIntersection(known.types(of: schema)) }
        var meant = types
        if types == .all {
            let others = try known.conditional(for: name, in: root)
            if !others.isEmpty {
                meant = []
                for schema in others { meant.formUnion(known.types(of: schema)) }
            }
        }
        isAttempt = meant != types
        textTypes = meant
        choosing =
            reading.convertsTexts && schemas.contains { known.namesScalars($0) } ? schemas : []
        let formats = schemas.reduce(into: Set<TextFormat>()) {
            $0.formUnion(known.formats(of: $1))
        }
        let kind = Self.kind(meant, formats, reading, isSaid: !schemas.isEmpty)
        let simple = isWhole || schemas.count != 1 ? nil : Self.simple(schemas[0], known.document)
        self.schemas = isWhole ? [] : schemas
        plain = simple.map { known.document.nodes[$0.schema] }
        self.isRequired = isRequired
        allowsNothing =
            !isRequired
            && (reading.isTabular
                || reading.convertsTexts && !types.contains(.null) && !types.isEmpty)
        wantsIntegers = types.contains(.integer) && !types.contains(.number)
        let admitsNull = types.contains(.null) && (!reading.isTabular || types != .all)
        var core = RuleCore(kind: kind, types: types, nothing: .invalid)
        core.isStrict = !reading.convertsTexts
        core.isGeneral = !schemas.isEmpty && simple == nil
        if let simple {
            core.types = simple.types
            Self.narrow(&core, by: known.document.nodes[simple.schema].node, &keys)
        } else if isWhole {
            core.isGeneral = kind != .any
        }
        core.nothing = allowsNothing ? .valid : !admitsNull ? .invalid : .undecided
        self.core = core
    }

    private static func kind(
        _ types: JSONTypes,
        _ formats: Set<TextFormat>,
        _ reading: RecordReading,
        isSaid: Bool
    ) -> RuleCore.Kind {
        let types = types.subtracting(.null)
        if types.contains(.string) || types.isEmpty {
            // A time is kept as such, whatever else the text must be.
            if formats.isSuperset(of: [.dateTime, .date]) { return .string }
            if formats.contains(.dateTime) { return .timestamp }
            if formats.contains(.date) { return .date }
            return isSaid ? .string : .any
        }
        guard reading.convertsTexts else { return .string }
        if types == [.integer] { return .integer }
        if types.isSubset(of: [.integer, .number]) { return .number }
        return types == [.boolean] ? .boolean : .several
    }

    /// The one schema that says all of scalars that a schema says, with the types that it allows;
    /// `nil` when there is none.
    private static func simple(
        _ schema: Int,
        _ document: SchemaDocument,
        depth: Int = 0
    ) -> (schema: Int, types: JSONTypes)? {
        let target = document.target(of: schema)
        let node = document.nodes[target].node
        if node.verdict == false { return nil }
        if !node.refersOn { return isSimple(node) ? (target, node.types ?? .all) : nil }
        // One schema or null, as generators write what may be absent.
        let options = node.anyOf.isEmpty ? node.oneOf : node.anyOf
        guard options.count == 2, node.inPlace.count == 2, !node.asksScalars, !node.asksArrays,
            !node.asksObjects, !node.namesMembers,
            let other = options.first(where: { !isNull(document.nodes[$0].node) }),
            options.contains(where: { isNull(document.nodes[$0].node) }),
            depth < 10, let simple = simple(other, document, depth: depth + 1),
            !simple.types.contains(.null)
        else { return nil }
        return (simple.schema, simple.types.union(.null))
    }

    private static func isNull(_ node: SchemaNode) -> Bool {
        node.types == .null && !node.refersOn && node.choices.isEmpty
    }

    private static func isSimple(_ node: SchemaNode) -> Bool {
        node.choices.isEmpty
            || node.choices.count == 1
                && !node.choices[0].values.isEmpty
                && node.choices[0].values.allSatisfy { $0.types == .string }
    }

    /// Puts into a core what a schema asks of scalars.
    private static func narrow(
        _ core: inout RuleCore,
        by node: SchemaNode,
        _ keys: inout [RuleCore.Key]
    ) {
        core.asksParts = node.asksArrays || node.asksObjects || node.namesMembers
        core.asksNumbers = node.multipleOf != nil
        core.minLength = node.minLength
        core.maxLength = node.maxLength
        let isTime = core.kind == .timestamp || core.kind == .date
        core.asksTexts = node.pattern != nil || node.format != nil && !isTime
        if isTime, node.minLength > 0 || node.maxLength < .max || !node.choices.isEmpty {
            core.asksTexts = true
        }
        let first = keys.count
        for case .text(let text) in node.choices.first?.values ?? [] {
            keys.append(text.withUnsafeBufferPointer { RuleCore.Key($0) })
            if text.count > 8 { core.asksTexts = true }
        }
        core.keys = first..<keys.count
        if let bound = node.minimum {
            core.minimum = bound.value.nearest
            core.excludesMinimum = bound.isExclusive
            if let least = bound.least { core.least = least } else { core.asksNumbers = true }
            core.isShort = bound.value.digits.count <= 15
        }
        if let bound = node.maximum {
            core.maximum = bound.value.nearest
            core.excludesMaximum = bound.isExclusive
            if let most = bound.most { core.most = most } else { core.asksNumbers = true }
            core.isShort = core.isShort && bound.value.digits.count <= 15
        }
    }
}

extension SchemaBound {
    /// The least whole number of 64 bits that a lower bound admits; `nil` when there is none.
    fileprivate var least: Int64? {
        guard admitsAbove(ExactNumber(Int.max)) else { return nil }
        var (low, high) = (Int64.min, Int64.max)
        while low < high {
            // Without a sum that could be too large.
            let middle = low + Int64((UInt64(bitPattern: high &- low)) / 2)
            if admitsAbove(ExactNumber(Int(middle))) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The greatest whole number of 64 bits that an upper bound admits; `nil` when there is none.
    fileprivate var most: Int64? {
        guard admitsBelow(ExactNumber(Int.min)) else { return nil }
        var (low, high) = (Int64.min, Int64.max)
        while low < high {
            let middle = high - Int64((UInt64(bitPattern: high &- low)) / 2)
            if admitsBelow(ExactNumber(Int(middle))) { low = middle } else { high = middle - 1 }
        }
        return low
    }
}
