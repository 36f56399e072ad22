public import FoundationEssentials

/// The description of a pipeline, as an inventory keeps it.
public struct PipelineRecord: Sendable, Hashable {
    /// The pipeline's name.
    public var name: String
    /// Which description of the pipeline it is: 1, 2, …, also across a removal.
    public var generation: Int
    /// The digest of the description; empty where the pipeline was removed.
    public var digest: String
    /// The description, as JSON, without credentials; `nil` where the pipeline was removed.
    public var text: String?
    /// The author who applied it, and the reason.
    public var note: ChangeNote
    /// When it was applied, by the inventory's clock.
    public var appliedAt: Date

    /// Makes a record.
    public init(
        name: String,
        generation: Int,
        digest: String,
        text: String?,
        note: ChangeNote = ChangeNote(),
        appliedAt: Date
    ) {
        self.name = name
        self.generation = generation
        self.digest = digest
        self.text = text
        self.note = note
        self.appliedAt = appliedAt
    }

    /// Whether the pipeline was removed.
    public var isRemoved: Bool { text == nil }

    /// Refuses a name that is none: 1 to 100 of the characters A-Z, a-z, 0-9, `.`, `_` and `-`, the
    /// first a letter or a digit.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    public static func validate(name: String) throws {
        let isWord = name.utf8.allSatisfy { byte in
            isLetterOrDigit(byte) || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        guard (1...100).contains(name.utf8.count), isWord,
            name.utf8.first.map(isLetterOrDigit) == true
        else {
            throw TrancheError(
                .invalidArgument,
                "'\(name.prefix(100))' is not a pipeline's name; give 1 to 100 letters, digits, "
                    + "'.', "
                    + "'_' and '-', a letter or a digit first"
            )
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
}

/// A description of a pipeline that is to become its last one.
public struct PipelineBeginning: Sendable, Hashable {
    /// The pipeline's name.
    public var name: String
    /// The digest of the description; empty to remove the pipeline.
    public var digest: String
    /// The description, as JSON, without credentials; `nil` to remove the pipeline.
    public var text: String?
    /// The generation that it follows; 0 for the first.
    public var former: Int
    /// The author who applies it, and the reason.
    public var note: ChangeNote

    /// Makes a beginning.
    public init(
        name: String,
        digest: String,
        text: String?,
        after former: Int = 0,
        note: ChangeNote = ChangeNote()
    ) {
        self.name = name
        self.digest = digest
        self.text = text
        self.former = former
        self.note = note
    }
}

/// The state of one condition that an alert of a pipeline reports.
public struct AlertRecord: Sendable, Hashable {
    /// The pipeline's name.
    public var pipeline: String
    /// The alert's name.
    public var alert: String
    /// The job that the condition is of.
    public var subject: String
    /// The condition, such as `failed`.
    public var condition: String
    /// Which record it is: 1, 2, …; 0 where there is none yet.
    public var version: Int64
    /// The messages that were sent, and those that are due, as JSON.
    public var content: String

    /// Makes a record.
    public init(
        pipeline: String,
        alert: String,
        subject: String,
        condition: String,
        version: Int64 = 0,
        content: String
    ) {
        self.pipeline = pipeline
        self.alert = alert
        self.subject = subject
        self.condition = condition
        self.version = version
        self.content = content
    }
}
