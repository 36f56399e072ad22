/// A schema, made ready: what a value must meet, with the schemas in it as numbers.
struct SchemaNode: Sendable {
    /// Where it stands in the file: a JSON pointer.
    let pointer: String
    /// The part of the file with an address of its own that it belongs to.
    var resource = 0
    /// What `true` and `false` say of every value; `nil` for a schema with keywords.
    var verdict: Bool?

    // Any value.
    var types: JSONTypes?
    /// What `enum` and `const` allow; each of them must.
    var choices: [SchemaChoice] = []

    // Numbers.
    var minimum: SchemaBound?
    var maximum: SchemaBound?
    var multipleOf: ExactNumber?

    // Texts.
    var minLength = 0
    var maxLength = Int.max
    var pattern: Pattern?
    var format: TextFormat?

    // Arrays.
    var prefixItems: [Int] = []
    var items: Int?
    var contains: Int?
    var minContains = 1
    var maxContains = Int.max
    var minItems = 0
    var maxItems = Int.max
    var hasUniqueItems = false
    var unevaluatedItems: Int?

    // Objects.
    var properties: [[UInt8]: Int] = [:]
    var patternProperties: [(pattern: Pattern, schema: Int)] = []
    var additionalProperties: Int?
    var propertyNames: Int?
    var required: [[UInt8]] = []
    var minProperties = 0
    var maxProperties = Int.max
    var dependentRequired: [(name: [UInt8], others: [[UInt8]])] = []
    var dependentSchemas: [(name: [UInt8], schema: Int)] = []
    var unevaluatedProperties: Int?

    // The same value.
    var reference: Int?
    var dynamicReference: (anchor: String, schema: Int)?
    var allOf: [Int] = []
    var anyOf: [Int] = []
    var oneOf: [Int] = []
    var not: Int?
    var condition: (test: Int, then: Int?, otherwise: Int?)?

    init(pointer: String) {
        self.pointer = pointer
    }

    // MARK: - What it asks

    /// Whether it asks more of arrays than to be such.
    var asksArrays: Bool {
        !prefixItems.isEmpty || items != nil || contains != nil || minItems > 0
            || maxItems < .max || hasUniqueItems || unevaluatedItems != nil
    }

    /// Whether it asks more of objects than which members they have, and of these.
    var asksObjects: Bool {
        propertyNames != nil || minProperties > 0 || maxProperties < .max
            || !dependentRequired.isEmpty || !dependentSchemas.isEmpty
            || unevaluatedProperties != nil
    }

    /// Whether it says of an object which members it has, or what they are.
    var namesMembers: Bool {
        !properties.isEmpty || !patternProperties.isEmpty || additionalProperties != nil
            || !required.isEmpty
    }

    /// Whether it leaves part of its say to other schemas.
    var refersOn: Bool {
        reference != nil || dynamicReference != nil || !allOf.isEmpty || !anyOf.isEmpty
            || !oneOf.isEmpty || not != nil || condition != nil
    }

    /// Whether it says something of scalars itself.
    var asksScalars: Bool {
        types != nil || !choices.isEmpty || minimum != nil || maximum != nil || multipleOf != nil
            || minLength > 0 || maxLength < .max || pattern != nil || format != nil
    }

    /// The schemas that the same value must meet.
    var always: [Int] { [reference].compactMap { $0 } + allOf }

    /// The schemas that the same value must or may meet.
    var inPlace: [Int] {
        [reference, dynamicReference?.schema, not, condition?.test, condition?.then]
            .compactMap { $0 } + [condition?.otherwise].compactMap { $0 } + allOf + anyOf + oneOf
            + dependentSchemas.map(\.schema)
    }
}

/// The values that `enum` or `const` allows.
struct SchemaChoice: Sendable {
    /// The values, in order.
    let values: [JSONValue]
    /// The values as bytes that are equal when they are.
    let canonical: Set<[UInt8]>

    init(_ values: [JSONValue]) {
        self.values = values
        canonical = Set(values.map(\.canonical))
    }

    /// Whether a text is among them.
    func contains(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        values.contains { value in
            if case .text(let known) = value { known.elementsEqual(text) } else { false }
        }
    }
}

/// A number that a value must not pass.
struct SchemaBound: Sendable {
    var value: ExactNumber
    /// Whether the number itself is not allowed.
    var isExclusive: Bool

    /// Whether a number is not below it.
    func admitsAbove(_ number: ExactNumber) -> Bool {
        isExclusive ? value < number : !(number < value)
    }

    /// Whether a number is not above it.
    func admitsBelow(_ number: ExactNumber) -> Bool {
        isExclusive ? number < value : !(value < number)
    }
}
