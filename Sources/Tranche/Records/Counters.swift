/// Numbers that add up across batches, by name.
public struct Counters: Sendable, Hashable {
    /// The numbers; a name that is missing stands for 0.
    public private(set) var values: [String: Int] = [:]

    /// Makes counters that are all 0.
    public init() {}

    /// Makes counters.
    public init(_ values: [String: Int]) {
        self.values = values
    }

    /// A number; 0 where nothing was counted.
    public subscript(_ name: String) -> Int {
        get { values[name] ?? 0 }
        set { values[name] = newValue }
    }

    /// Adds to a number; adding 0 makes the name known.
    public mutating func add(_ count: Int, to name: String) {
        values[name, default: 0] += count
    }

    /// Adds all numbers of others.
    public mutating func merge(_ others: Counters) {
        values.merge(others.values) { $0 + $1 }
    }
}

extension Counters: Codable {
    /// Reads an object of numbers.
    public init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: Int].self)
    }

    /// Writes an object of numbers, in order of their names where the encoder keeps an order.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            try container.encode(value, forKey: DynamicKey(name))
        }
    }
}
