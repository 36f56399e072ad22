import CLibMongoC
import Tranche

/// A question to a collection, in order of a field.
struct MongoQuery: Sendable {
    /// The conditions, as JSON; all of them must be met.
    var conditions: [String]
    /// The field that orders the documents.
    var order: String
    var isDescending = false
    /// The fields that are wanted; all with `nil`.
    var fields: [String]?
    /// Most documents; above 0.
    var limit: Int

    var filter: String {
        if conditions.isEmpty { return "{}" }
        let conditions = conditions.map(MongoCondition.readable).joined(separator: ", ")
        return "{\"$and\": [\(conditions)]}"
    }

    var options: String {
        var options =
            "{\"sort\": {\(jsonText(order)): \(isDescending ? -1 : 1)}, \"limit\": \(limit), "
            + "\"maxTimeMS\": 60000"
        if let fields {
            let names = Self.apart(fields).map { "\(jsonText($0)): 1" }
            let id = fields.contains("_id") ? [] : ["\"_id\": 0"]
            options += ", \"projection\": {\((names + id).joined(separator: ", "))}"
        }
        return options + "}"
    }

    /// Fields of which none is another, or within another, which MongoDB refuses to give.
    private static func apart(_ fields: [String]) -> [String] {
        let sorted = Set(fields).sorted()
        return sorted.filter { field in !sorted.contains { field.hasPrefix($0 + ".") } }
    }
}

/// Text as JSON.
func jsonText(_ text: String) -> String {
    var bytes: [UInt8] = []
    JSONBytes.append(text.utf8, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
}

extension MongoConnection {
    /// Reads documents.
    ///
    /// - Parameter query: Which.
    /// - Returns: The documents, in order.
    /// - Throws: ``MongoError``; `CancellationError`.
    func find(_ query: MongoQuery) throws -> [MongoDocument] {
        try Task.checkCancellation()
        var documents: [MongoDocument] = []
        try eachDocument(query.filter, query.options) {
            documents.append(MongoDocument(copying: $0))
        }
        return documents
    }

    /// Goes over documents, in order.
    ///
    /// - Parameters:
    ///   - filter: Which, as JSON.
    ///   - options: The request's options, as JSON.
    ///   - body: Takes one, which is the library's until it returns.
    /// - Throws: ``MongoError``; what `body` throws.
    func eachDocument(
        _ filter: String,
        _ options: String,
        _ body: (OpaquePointer) throws -> Void
    ) throws {
        try withCollection { collection in
            let filter = try BSONDocument(json: filter)
            let options = try BSONDocument(json: options)
            guard
                let cursor = mongoc_collection_find_with_opts(
                    collection,
                    filter.pointer,
                    options.pointer,
                    nil
                )
            else { throw MongoError(code: 0, message: "there is no memory for a request") }
            defer { mongoc_cursor_destroy(cursor) }
            var document: OpaquePointer?
            while mongoc_cursor_next(cursor, &document), let document { try body(document) }
            var error = bson_error_t()
            if mongoc_cursor_error(cursor, &error) { throw MongoError(error) }
        }
    }
}
