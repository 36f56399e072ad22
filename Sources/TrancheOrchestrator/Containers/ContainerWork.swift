public import FoundationEssentials
public import Tranche

/// The work for a container: one batch, held under one attempt.
public struct ContainerWork: Sendable {
    /// The mark that distinguishes the inventory from others on the same engine; part of the
    /// container's name.
    public var inventory: String
    /// The batch's number.
    public var batch: Int64
    /// The attempt under which it is held.
    public var attempt: Int
    /// The worker that holds the batch; a label.
    public var worker: String
    /// When the lease ended that it had at first; a label, `nil` for none.
    public var lease: Date?
    /// The fence that the program passes on: epoch, batch and attempt, with dots.
    public var fence: String
    /// The input of the program.
    public var input: ContainerInput
    /// Variables that begin with `TRANCHE_`, beside the fence.
    public var variables: [String: String]
    /// Sends a heartbeat: whether the batch is still held under the attempt.
    public var isHeld: @Sendable () async throws -> Bool

    /// Describes work.
    public init(
        inventory: String,
        batch: Int64,
        attempt: Int,
        worker: String,
        lease: Date? = nil,
        fence: String,
        input: ContainerInput,
        variables: [String: String] = [:],
        isHeld: @escaping @Sendable () async throws -> Bool
    ) {
        self.inventory = inventory
        self.batch = batch
        self.attempt = attempt
        self.worker = worker
        self.lease = lease
        self.fence = fence
        self.input = input
        self.variables = variables
        self.isHeld = isHeld
    }

    /// Describes the work on a batch, with the variables that programs are given.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - inventory: What tells its inventory from others.
    ///   - epoch: The inventory's epoch, which the fence begins with.
    ///   - input: What the program is given; the batch's items as JSON Lines by default.
    /// - Throws: What reading the items throws.
    public init(
        _ batch: Batch,
        inventory: String,
        epoch: String,
        input: ContainerInput? = nil
    ) async throws {
        self.init(
            inventory: inventory,
            batch: batch.id,
            attempt: batch.attempt,
            worker: batch.record.worker ?? "",
            lease: batch.record.leaseExpiresAt,
            fence: "\(epoch).\(batch.id).\(batch.attempt)",
            input: input ?? .items(of: batch),
            variables: try await batch.programVariables()
        ) {
            do {
                try await batch.heartbeat()
                return true
            } catch let error as TrancheError where error.code == .batchLost {
                return false
            }
        }
    }

    /// The container's name, which is the lock on the batch: an engine gives it once.
    var name: String { "tranche-\(Self.part(of: inventory))-\(batch)" }

    /// An inventory as a part of a name: as it is, or with a hash where it cannot be.
    private static func part(of inventory: String) -> String {
        let bytes = inventory.utf8.prefix(64).map { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x2E
                || byte == 0x5F ? byte : UInt8(ascii: "-")
        }
        let name = String(decoding: bytes, as: UTF8.self)
        if name == inventory { return name }
        return "\(name)-\(String(FNVHash(of: inventory).value, radix: 16))"
    }
}

/// The input of a container's program.
public struct ContainerInput: Sendable {
    /// Longest event, in bytes of JSON.
    public static let longestEvent = 64 << 10

    enum Kind: Sendable {
        case nothing
        case event(String)
        case lines(@Sendable (_ write: Write) async throws -> Void)
    }

    /// Writes bytes to the program's standard input: whether it may read more.
    public typealias Write = ([UInt8]) async throws -> Bool

    let kind: Kind

    /// Nothing but variables.
    public static let nothing = Self(kind: .nothing)

    /// One event, as the variable `PIPELINE_EVENT`: base64 of its JSON, without quotes around it.
    ///
    /// - Parameter json: The event; up to ``longestEvent``, as a longer one may be no variable.
    /// - Returns: The input.
    public static func event(_ json: String) -> Self { Self(kind: .event(json)) }

    /// The program's standard input, which ends when `body` does.
    ///
    /// - Parameter body: Writes it; told that no more is read, it returns.
    /// - Returns: The input.
    public static func lines(_ body: @escaping @Sendable (Write) async throws -> Void) -> Self {
        Self(kind: .lines(body))
    }

    /// The items of a batch as JSON Lines, read as the program takes them.
    public static func items(of batch: Batch) -> Self {
        .lines { write in try await batch.writeItems(write) }
    }

    /// Whether the engine is to hand it over while the container runs.
    ///
    /// What is handed over may be cut when the engine dies, and then nobody knows: such a container
    /// is never adopted.
    var isStreamed: Bool { if case .lines = kind { true } else { false } }

    var label: String { isStreamed ? "lines" : "variables" }

    /// The variable of an event.
    func variable() throws(ContainerError) -> String? {
        guard case .event(let json) = kind else { return nil }
        guard json.utf8.count <= Self.longestEvent else {
            throw ContainerError(
                .invalidEvent,
                "the event has \(json.utf8.count) bytes, and a variable takes "
                    + "\(Self.longestEvent); "
                    + "hand events over as a batch, on standard input"
            )
        }
        return Data(json.utf8).base64EncodedString()
    }
}
