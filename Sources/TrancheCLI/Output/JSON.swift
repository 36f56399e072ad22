import Foundation
import Tranche

/// A JSON value whose objects keep the order of their keys, which is part of the contract.
enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    /// A JSON text, as it was stored.
    case raw(String)
    case array([JSON])
    case object([(String, JSON)])

    /// The value as compact text.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += Self.text(of: value)
        case .string(let value): Self.write(value, to: &text)
        // Line breaks stand only between tokens: documents stay on one line.
        case .raw(let value): text += value.replacing(#/[\r\n]+/#, with: " ")
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, (key, value)) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(key, to: &text)
                text += ":"
                value.write(to: &text)
            }
            text += "}"
        }
    }

    /// A number, without a fraction where it has none; what JSON cannot say is null.
    private static func text(of value: Double) -> String {
        guard value.isFinite else { return "null" }
        guard value == value.rounded(), value.magnitude < 9e18 else { return String(value) }
        return String(Int64(value))
    }

    private static func write(_ value: String, to text: inout String) {
        // As bytes: an item may have megabytes.
        var bytes: [UInt8] = []
        JSONBytes.append(value.utf8, to: &bytes)
        text += String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - Making values

extension JSON {
    init(_ value: String?) {
        self = value.map { .string($0) } ?? .null
    }

    init(_ value: Int64?) {
        self = value.map { .integer($0) } ?? .null
    }

    init(_ value: Int) {
        self = .integer(Int64(value))
    }

    init(_ value: Double?) {
        self = value.map { .number($0) } ?? .null
    }

    /// A time in UTC, such as `2026-11-21T09:30:00.000Z`.
    init(_ value: Date?) {
        self = value.map { .string($0.utcText) } ?? .null
    }

    init(_ value: Value) {
        self =
            switch value {
            case .null: .null
            case .boolean(let value): .bool(value)
            case .integer(let value): .integer(value)
            case .real(let value): value.isFinite ? .number(value) : JSON(Value.real(value).text)
            case .text(let value): .string(value)
            case .blob: JSON(value.text)
            }
    }

    init(_ item: Item) {
        self = .object([
            ("id", .integer(item.id)), ("item", JSON(item.item)), ("weight", .number(item.weight)),
        ])
    }
}
