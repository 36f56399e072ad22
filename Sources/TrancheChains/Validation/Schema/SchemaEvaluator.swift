import Tranche

/// Asks whether values meet a schema; belongs to one task.
///
/// A question has a bound: a schema that refers to itself again and again, or a pattern that tries
/// all ways, is told as undecided, and never as not met.
final class SchemaEvaluator {
    /// What is wrong with a value.
    struct Problem {
        /// Where the value is: a JSON pointer into the record.
        var pointer: String
        var message: String
        /// The value, where it is to blame itself.
        var input: JSONValue?
    }

    /// The members or items that some schema has looked at, by place.
    struct Marks {
        var places: Set<Int> = []
    }

    private static let mostSteps = 2_000_000
    private static let deepest = 1_000

    let document: SchemaDocument
    /// Whether texts of fields may have times as databases write them.
    let isLenient: Bool
    let room = PatternRoom()
    private var steps = 0
    private var depth = 0
    /// The parts of the file that were gone through, from the outermost on.
    private var scope: [Int] = []
    /// Whether all that is wrong is looked for, and not just whether something is.
    private(set) var collects = false
    private var pointer = ""
    /// How deep in the record the value is: a record is at 0, and its fields at 1.
    private var level = 0
    private var problems: [Problem] = []

    init(_ document: SchemaDocument, isLenient: Bool) {
        self.document = document
        self.isLenient = isLenient
    }

    // MARK: - Questions

    /// Whether a value meets a schema.
    ///
    /// - Parameters:
    ///   - schema: The schema's number.
    ///   - value: The value.
    ///   - level: 0 for a record, 1 for a field.
    /// - Returns: Whether it does.
    /// - Throws: ``Undecided``.
    func isMet(_ schema: Int, by value: JSONValue, level: Int) throws(Undecided) -> Bool {
        begin(at: "", level)
        var marks = Marks()
        return try evaluate(schema, value, &marks)
    }

    /// Whether a text of a field meets what a schema says of texts that names no values but texts.
    ///
    /// - Throws: ``Undecided``.
    func isMet(_ box: SchemaBox, by text: UnsafeBufferPointer<UInt8>) throws(Undecided) -> Bool {
        level = 1
        if let choice = box.node.choices.first, !choice.contains(text) { return false }
        return try meetsTexts(box, text)
    }

    /// All that keeps a value from meeting a schema.
    ///
    /// - Parameters:
    ///   - schema: The schema's number.
    ///   - value: The value.
    ///   - pointer: Where the value is in the record.
    ///   - level: 0 for a record, 1 for a field.
    /// - Returns: What is wrong; empty when it does.
    /// - Throws: ``Undecided``.
    func problems(
        _ schema: Int,
        _ value: JSONValue,
        at pointer: String,
        level: Int
    ) throws(Undecided) -> [Problem] {
        begin(at: pointer, level)
        collects = true
        defer { collects = false }
        var marks = Marks()
        let isMet = try evaluate(schema, value, &marks)
        if !isMet, problems.isEmpty { complain("is not valid", value) }
        return isMet ? [] : problems
    }

    private func begin(at pointer: String, _ level: Int) {
        steps = 0
        depth = 0
        scope = []
        problems = []
        self.pointer = pointer
        self.level = level
    }

    /// Notes what is wrong, where that is asked for.
    func complain(
        _ message: @autoclosure () -> String,
        _ input: JSONValue?,
        at name: [UInt8]? = nil
    ) {
        guard collects else { return }
        let place =
            name.map { SchemaAddress.pointer(pointer, String(decoding: $0, as: UTF8.self)) }
            ?? pointer
        problems.append(Problem(pointer: place, message: message(), input: input))
    }

    /// Asks without noting what is wrong.
    func quietly<Answer>(_ body: () throws(Undecided) -> Answer) throws(Undecided) -> Answer {
        let before = collects
        collects = false
        defer { collects = before }
        return try body()
    }

    /// Asks about a value within the one at hand.
    func within(
        _ name: @autoclosure () -> String,
        _ schema: Int,
        _ value: JSONValue
    ) throws(Undecided) -> Bool {
        let before = pointer
        if collects { pointer = SchemaAddress.pointer(pointer, name()) }
        level += 1
        defer {
            level -= 1
            pointer = before
        }
        var marks = Marks()
        return try evaluate(schema, value, &marks)
    }

    // MARK: - Schemas

    /// Whether a value meets a schema; all that is wrong is noted where that is asked for.
    func evaluate(
        _ schema: Int,
        _ value: JSONValue,
        _ marks: inout Marks
    ) throws(Undecided) -> Bool {
        steps += 1
        guard steps <= Self.mostSteps, depth < Self.deepest else {
            throw Undecided(reason: "the schema could not be decided: it asks too many questions")
        }
        let box = document.nodes[schema]
        if let verdict = box.node.verdict {
            if !verdict { complain("is not allowed", value) }
            return verdict
        }
        depth += 1
        let isNew = scope.last != box.node.resource
        if isNew { scope.append(box.node.resource) }
        defer {
            depth -= 1
            if isNew { scope.removeLast() }
        }
        // Marks of this schema are kept only if it is met.
        var own = Marks()
        var isMet = try meetsScalars(box, value)
        if !isMet, !collects { return false }
        if box.node.refersOn { isMet = try meetsOthers(box, value, &own) && isMet }
        if !isMet, !collects { return false }
        switch value {
        case .array(let values): isMet = try meetsArrays(box, values, value, &own) && isMet
        case .object(let members): isMet = try meetsObjects(box, members, value, &own) && isMet
        default: break
        }
        if isMet, document.marks { marks.places.formUnion(own.places) }
        return isMet
    }

    // MARK: - The same value

    private func meetsOthers(
        _ box: SchemaBox,
        _ value: JSONValue,
        _ marks: inout Marks
    ) throws(Undecided) -> Bool {
        var isMet = true
        if let reference = box.node.reference {
            isMet = try evaluate(reference, value, &marks)
        }
        if let (anchor, target) = box.node.dynamicReference {
            isMet = try evaluate(dynamicTarget(anchor) ?? target, value, &marks) && isMet
        }
        for schema in box.node.allOf where isMet || collects {
            isMet = try evaluate(schema, value, &marks) && isMet
        }
        if !box.node.anyOf.isEmpty, isMet || collects {
            isMet = try meetsSome(box.node.anyOf, value, &marks, isOne: false) && isMet
        }
        if !box.node.oneOf.isEmpty, isMet || collects {
            isMet = try meetsSome(box.node.oneOf, value, &marks, isOne: true) && isMet
        }
        if let not = box.node.not, isMet || collects {
            let isHit = try quietly { () throws(Undecided) in
                var none = Marks()
                return try evaluate(not, value, &none)
            }
            if isHit { complain("must not be \(words(for: not))", value) }
            isMet = !isHit && isMet
        }
        if let condition = box.node.condition, isMet || collects {
            let isHit = try quietly { () throws(Undecided) in
                try evaluate(condition.test, value, &marks)
            }
            if let next = isHit ? condition.then : condition.otherwise {
                isMet = try evaluate(next, value, &marks) && isMet
            }
        }
        return isMet
    }

    /// The schema that a dynamic anchor names in the outermost part of the file that has it.
    private func dynamicTarget(_ anchor: String) -> Int? {
        if anchor.isEmpty { return nil }
        for resource in scope {
            if let schema = document.dynamicAnchors[resource][anchor] { return schema }
        }
        return nil
    }

    private func meetsSome(
        _ schemas: [Int],
        _ value: JSONValue,
        _ marks: inout Marks,
        isOne: Bool
    ) throws(Undecided) -> Bool {
        var hits = 0
        for schema in schemas {
            let isHit = try quietly { () throws(Undecided) in try evaluate(schema, value, &marks) }
            hits += isHit ? 1 : 0
            if isOne ? hits > 1 : hits > 0 && !document.marks { break }
        }
        if isOne ? hits == 1 : hits > 0 { return true }
        guard collects else { return false }
        guard hits == 0 else {
            complain("meets more than one of the \(schemas.count) schemas of \"oneOf\"", value)
            return false
        }
        // Where only one is meant for values of this type, what it says is what is wrong.
        let meant = schemas.filter { couldMean($0, value) }
        if meant.count == 1 {
            var none = Marks()
            return try evaluate(meant[0], value, &none)
        }
        let types = schemas.reduce(into: JSONTypes()) { $0.formUnion(self.types(of: $1)) }
        if types.isDisjoint(with: value.types) {
            complain("must be \(types.words)", value)
        } else {
            let keyword = isOne ? "oneOf" : "anyOf"
            complain("meets none of the \(schemas.count) schemas of \"\(keyword)\"", value)
        }
        return false
    }

    private func types(of schema: Int) -> JSONTypes {
        document.nodes[document.target(of: schema)].node.types ?? .all
    }

    private func couldMean(_ schema: Int, _ value: JSONValue) -> Bool {
        let node = document.nodes[document.target(of: schema)].node
        return node.verdict == nil && !(node.types ?? .all).isDisjoint(with: value.types)
    }

    private func words(for schema: Int) -> String {
        let node = document.nodes[document.target(of: schema)].node
        if let choice = node.choices.first, !node.refersOn {
            return choice.words(separator: " or ", \.description)
        }
        if let types = node.types, !node.refersOn, !node.asksArrays, !node.asksObjects,
            !node.namesMembers
        {
            return types.words
        }
        return "what the schema at '\(node.pointer)' describes"
    }

    /// Whether the value at hand is a field's, and may be written as databases write it.
    var isLenientHere: Bool { isLenient && level <= 1 }
}
