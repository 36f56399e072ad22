import Tranche

/// A type that a value of a document may have.
package struct FieldKind<Value>: Sendable {
    /// What the user has to give, such as `a duration such as 30s`.
    package let name: String
    /// Makes the value; `nil` when it is wrong, which it has said then.
    package let convert: @Sendable (FieldPlace) -> Value?

    package init(_ name: String, convert: @escaping @Sendable (FieldPlace) -> Value?) {
        self.name = name
        self.convert = convert
    }

    /// Says that a value is of another kind.
    static func refuse(_ place: FieldPlace, _ name: String, hint: String = "") -> Value? {
        place.fault("this is \(place.node.kindName); give \(name)\(hint)")
        return nil
    }
}

extension FieldKind where Value == String {
    /// A text; a number counts as one, as it stands there.
    ///
    /// True, false and null need quotes.
    package static var text: FieldKind {
        FieldKind("a text") { place in
            guard case .scalar(let scalar) = place.node.value else {
                return refuse(place, "a text")
            }
            switch scalar.meaning {
            case .text, .integer, .float: return scalar.text
            case .flag: return refuse(place, "a text", hint: ", in quotes if you mean this word")
            case .null: return refuse(place, "a text", hint: " (an empty one is \"\")")
            }
        }
    }

    /// One of some names.
    package static func oneOf(_ names: [String]) -> FieldKind {
        let listed = names.joined(separator: ", ")
        return FieldKind("one of \(listed)") { place in
            guard let text = FieldKind.text.convert(place) else { return nil }
            if names.contains(text) { return text }
            let shown = YAMLScalar(text: text, isPlain: false).shownText
            let nearest = text.count > 100 ? nil : NearestName(names).to(text)
            let question = nearest.map { "did you mean '\($0)'? " } ?? ""
            place.fault("'\(shown)' is not known here; \(question)give one of \(listed)")
            return nil
        }
    }

    /// Any value, as JSON; see ``YAMLNode/json(file:)``.
    package static var json: FieldKind {
        FieldKind("a value") { place in
            do throws(YAMLError) {
                return try place.node.json(file: place.faults.file)
            } catch {
                place.faults.add(
                    error.message,
                    at: YAMLMark(line: error.line, column: error.column),
                    path: place.path
                )
                return nil
            }
        }
    }
}

extension FieldKind where Value == YAMLNode {
    /// Any value, as it is.
    package static var node: FieldKind {
        FieldKind("a value") { $0.node }
    }
}

extension FieldKind where Value == Int64 {
    /// A whole number without quotes, within bounds.
    package static func integer(_ bounds: ClosedRange<Int64> = .min ... .max) -> FieldKind {
        let name =
            bounds == .min ... .max
            ? "a whole number"
            : bounds.upperBound == .max
                ? "a whole number of at least \(bounds.lowerBound)"
                : "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
        return FieldKind(name) { place in
            guard case .scalar(let scalar) = place.node.value,
                case .integer(let digits) = scalar.meaning,
                let number = Int64(digits), bounds.contains(number)
            else { return refuse(place, name) }
            return number
        }
    }
}

extension FieldKind where Value == Double {
    /// A finite number without quotes, within bounds.
    package static func number(
        _ bounds: ClosedRange<Double> = -Double
            .greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    ) -> FieldKind {
        let isOpen = bounds.upperBound == .greatestFiniteMagnitude
        let name =
            bounds.lowerBound == -.greatestFiniteMagnitude
            ? "a number"
            : isOpen
                ? "a number of at least \(bounds.lowerBound)"
                : "a number from \(bounds.lowerBound) to \(bounds.upperBound)"
        return FieldKind(name) { place in
            guard case .scalar(let scalar) = place.node.value, let number = scalar.double,
                number.isFinite, bounds.contains(number)
            else { return refuse(place, name) }
            return number
        }
    }

    /// A weight or a size such as `10GiB` or `250`, above 0; in bytes where it is a size.
    package static var size: FieldKind {
        FieldKind("a size such as 10GiB") { place in
            guard let text = unitText(place, "a size such as 10GiB") else { return nil }
            do throws(UnitText.Fault) {
                return try UnitText.weight(text)
            } catch {
                place.fault("\(place.node.kindName) is not a size: \(error.message)")
                return nil
            }
        }
    }
}

extension FieldKind where Value == Duration {
    /// A duration such as `30s`, `5m` or `1d`; a plain number is in seconds.
    package static var duration: FieldKind {
        FieldKind("a duration such as 30s") { place in
            guard let text = unitText(place, "a duration such as 30s") else { return nil }
            do throws(UnitText.Fault) {
                return try UnitText.duration(text)
            } catch {
                place.fault("\(place.node.kindName) is not a duration: \(error.message)")
                return nil
            }
        }
    }
}

extension FieldKind where Value == Bool {
    /// True or false without quotes.
    package static var flag: FieldKind {
        FieldKind("true or false") { place in
            guard case .scalar(let scalar) = place.node.value, case .flag(let flag) = scalar.meaning
            else { return refuse(place, "true or false") }
            return flag
        }
    }
}

extension FieldKind where Value == [String] {
    /// Texts in order.
    package static var texts: FieldKind { .list(of: .text) }
}

extension FieldKind where Value == [String: String] {
    /// Texts by name.
    package static var textMap: FieldKind {
        FieldKind("a mapping of names to texts") { place in
            FieldKind<[(key: String, value: String)]>.map(of: .text).convert(place).map {
                Dictionary($0.map { ($0.key, $0.value) }) { first, _ in first }
            }
        }
    }
}

extension FieldKind {
    /// The text of a scalar that may have a unit.
    fileprivate static func unitText(_ place: FieldPlace, _ name: String) -> String? {
        guard case .scalar(let scalar) = place.node.value else {
            return FieldKind<String>.refuse(place, name)
        }
        switch scalar.meaning {
        // The digits, because a hexadecimal number has none that a unit text knows.
        case .integer(let digits): return digits
        case .text, .float: return scalar.text
        case .flag, .null: return FieldKind<String>.refuse(place, name)
        }
    }

    /// Values in order; all of them are looked at, also behind one that is wrong.
    package static func list<Item>(of kind: FieldKind<Item>) -> FieldKind where Value == [Item] {
        let name = "a list"
        return FieldKind("\(name) (each item \(kind.name))") { place in
            guard case .sequence(let nodes) = place.node.value else {
                return refuse(place, name)
            }
            let items = nodes.enumerated().map { kind.convert(place.child("\($0)", $1)) }
            let right = items.compactMap { $0 }
            return right.count == items.count ? right : nil
        }
    }

    /// Values by names that the user chooses, in order.
    package static func map<Item>(of kind: FieldKind<Item>) -> FieldKind
    where Value == [(key: String, value: Item)] {
        FieldKind("a mapping (each value \(kind.name))") { place in
            guard case .mapping(let entries) = place.node.value else {
                return refuse(place, "a mapping")
            }
            let items = entries.compactMap { entry in
                kind.convert(place.child(entry.key, entry.value)).map { (entry.key, $0) }
            }
            return items.count == entries.count ? items.map { (key: $0.0, value: $0.1) } : nil
        }
    }

    /// A mapping with known keys; those that the closure does not ask for are faults.
    ///
    /// - Parameter body: Makes the value; it returns `nil` only for faults that the reader has.
    /// - Returns: The kind.
    package static func mapping(_ body: @escaping @Sendable (FieldReader) -> Value?) -> FieldKind {
        FieldKind("a mapping") { place in
            guard case .mapping(let entries) = place.node.value else {
                return refuse(place, "a mapping")
            }
            let reader = FieldReader(entries, at: place)
            let value = body(reader)
            reader.finish()
            return value
        }
    }
}

extension YAMLScalar {
    /// The number, if this is one.
    fileprivate var double: Double? {
        switch meaning {
        case .integer(let digits): Double(digits)
        case .float(let number, _): number
        case .null, .flag, .text: nil
        }
    }
}
