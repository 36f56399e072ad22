import Foundation

/// JSON without the spaces and the order of keys that a database may give it.
func plainJSON(_ text: String) throws -> String {
    let options: JSONSerialization.ReadingOptions = .fragmentsAllowed
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: options)
    let data = try JSONSerialization.data(
        withJSONObject: value,
        options: [.sortedKeys, .fragmentsAllowed]
    )
    return String(decoding: data, as: UTF8.self)
}
