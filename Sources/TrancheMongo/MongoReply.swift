import CLibMongoC
import Glibc
import Tranche

/// What a server answered.
struct MongoReply: Sendable {
    private(set) var counters: [String: Int] = [:]
    private(set) var errorLabels: [String] = []
    /// What went wrong with single operations, by their place.
    private(set) var writeErrors: [(index: Int, code: Int, message: String)] = []
    private(set) var hasWriteConcernError = false
    /// How many documents of a bulk the server took.
    var taken: Int {
        ["nInserted", "nMatched", "nUpserted"].reduce(0) { $0 + (counters[$1] ?? 0) }
    }
    /// The replica set's name, where there is one.
    private(set) var setName: String?
    /// Whether the answering server stands before a sharded cluster.
    private(set) var isRouter = false
    /// The field `counters` of the first document that was found; `nil` when none was.
    private(set) var firstCounters: Counters?
    /// Whether the answering server takes writes.
    private(set) var isWritable = false
    /// The names of the fields of the collection's unique indexes.
    private(set) var uniqueKeys: [Set<String>] = []
    /// The number of the first collection that is listed, in the spelling of the reply.
    private(set) var collectionID: String?

    /// Takes a reply over, and frees it.
    init(_ json: UnsafeMutablePointer<CChar>?) {
        guard let json else {
            self.init(json: [])
            return
        }
        defer { bson_free(json) }
        let text = UnsafeRawBufferPointer(start: json, count: strlen(json))
        self.init(json: Array(text))
    }

    /// Reads a reply; empty where it is none.
    init(json: [UInt8]) {
        guard let object = MongoValue(json: json) else { return }
        counters = object.members.compactMapValues(\.whole)
        setName = object["setName"]?.text
        isRouter = object["msg"]?.text == "isdbgrid"
        isWritable = object["isWritablePrimary"]?.flag ?? false
        errorLabels = object["errorLabels"]?.list.compactMap(\.text) ?? []
        writeErrors = (object["writeErrors"]?.list ?? []).map { error in
            (
                error["index"]?.whole ?? 0, error["code"]?.whole ?? 0,
                error["errmsg"]?.text ?? ""
            )
        }
        hasWriteConcernError = !(object["writeConcernErrors"]?.list ?? []).isEmpty
        let documents = object["cursor"]?["firstBatch"]?.list ?? []
        if let document = documents.first {
            firstCounters = Counters(
                document["counters"]?.members.compactMapValues(\.whole) ?? [:]
            )
            let uuid = document["info"]?["uuid"]
            collectionID =
                uuid?["$uuid"]?.text ?? uuid?["$binary"]?["base64"]?.text ?? uuid?["$binary"]?.text
        }
        for index in documents {
            let keys = Set(index["key"]?.members.keys.map { $0 } ?? [])
            if index["unique"]?.flag ?? false || keys == ["_id"] { uniqueKeys.append(keys) }
        }
    }
}
