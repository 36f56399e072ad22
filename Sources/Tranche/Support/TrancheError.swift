/// An error of the inventory.
public struct TrancheError: Error, Sendable {
    /// The code of the error.
    public let code: Code
    /// The fault and the remedy, with job, run, batch and source; without secrets.
    public let message: String
    /// The keys that lead to the field of a described source that is at fault, such as
    /// `weight_column`; empty for the source's place, `nil` where no field is at fault.
    ///
    /// A command line turns it into its option.
    public let field: [String]?
    /// The error of the layer below, where there was one.
    public let underlying: (any Error)?
    /// Where in Tranche the error was made.
    public let file: String
    /// The line in ``file``.
    public let line: Int

    /// Makes an error.
    public init(
        _ code: Code,
        _ message: String,
        field: [String]? = nil,
        underlying: (any Error)? = nil,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// The category of the error; this alone drives retries.
    public var category: ErrorCategory { code.category }
}

/// A category of errors, which says what to do about them.
public enum ErrorCategory: String, Sendable, Hashable {
    /// Trying the same again may succeed.
    case transient
    /// Somebody else was there before; look again before doing anything.
    case conflict
    /// Trying again is of no use.
    case permanent
}

extension TrancheError {
    /// Kinds of errors; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Name: String, CaseIterable {
            case invalidArgument, invalidSource, invalidItem, redefined, batchLost, unknownBatch
            case unknownRun, unknownBudget, unknownProbe, ambiguousJob, schemaNotMigrated,
                schemaUnknown, migrationRefused
            case storeBusy, storeUnavailable, storeFailed, sourceUnavailable, sourceFailed
            case promiseNotKept, sinkUnavailable, sinkFailed, accessRefused, timedOut, cancelled
        }

        private let name: Name

        /// The names of all codes.
        package static var names: [String] { Name.allCases.map(\.rawValue) }

        /// A value is outside its range.
        ///
        /// Permanent; nothing was changed.
        public static let invalidArgument = Self(name: .invalidArgument)
        /// A table, column or filter is not as it must be.
        ///
        /// Permanent; nothing was changed.
        public static let invalidSource = Self(name: .invalidSource)
        /// An entry of the source breaks the rules.
        ///
        /// Permanent; nothing was changed.
        public static let invalidItem = Self(name: .invalidItem)
        /// A known run or job was asked for with another definition.
        ///
        /// Permanent; nothing was changed.
        public static let redefined = Self(name: .redefined)
        /// A source or sink promises less than was asked for.
        ///
        /// Permanent; nothing was changed.
        public static let promiseNotKept = Self(name: .promiseNotKept)
        /// The batch is no longer held under this attempt.
        ///
        /// Conflict; nothing was changed.
        public static let batchLost = Self(name: .batchLost)
        /// There is no such batch.
        ///
        /// Permanent.
        public static let unknownBatch = Self(name: .unknownBatch)
        /// There is no such job or run.
        ///
        /// Permanent.
        public static let unknownRun = Self(name: .unknownRun)
        /// There is no such budget.
        ///
        /// Permanent; nothing was changed.
        public static let unknownBudget = Self(name: .unknownBudget)
        /// There is no such probe.
        ///
        /// Permanent; nothing was changed.
        public static let unknownProbe = Self(name: .unknownProbe)
        /// A job's name alone does not say which source is meant.
        ///
        /// Permanent.
        public static let ambiguousJob = Self(name: .ambiguousJob)
        /// The inventory's tables are missing or older than the program.
        ///
        /// Permanent.
        public static let schemaNotMigrated = Self(name: .schemaNotMigrated)
        /// The inventory's tables are newer than the program, or were changed.
        ///
        /// Permanent.
        public static let schemaUnknown = Self(name: .schemaUnknown)
        /// A migration was refused before anything was written.
        ///
        /// Permanent.
        public static let migrationRefused = Self(name: .migrationRefused)
        /// The inventory's database was locked for longer than the bounded wait.
        ///
        /// Transient.
        public static let storeBusy = Self(name: .storeBusy)
        /// The inventory's database cannot be reached.
        ///
        /// Transient.
        public static let storeUnavailable = Self(name: .storeUnavailable)
        /// The inventory's database refused a statement.
        ///
        /// Permanent.
        public static let storeFailed = Self(name: .storeFailed)
        /// The source cannot be reached.
        ///
        /// Transient.
        public static let sourceUnavailable = Self(name: .sourceUnavailable)
        /// The source refused a statement.
        ///
        /// Permanent.
        public static let sourceFailed = Self(name: .sourceFailed)

        /// A sink cannot be reached, or is full.
        ///
        /// Transient.
        public static let sinkUnavailable = Self(name: .sinkUnavailable)
        /// A sink refused what was to be written.
        ///
        /// Permanent.
        public static let sinkFailed = Self(name: .sinkFailed)

        /// A database refuses the connection, or cannot be used through it.
        ///
        /// Permanent; nothing was changed.
        public static let accessRefused = Self(name: .accessRefused)

        /// The handler of a batch took longer than it may, or went on for too long without
        /// progress.
        ///
        /// Transient; the run's policy says when the batch is tried again.
        public static let timedOut = Self(name: .timedOut)

        /// Somebody cancelled the batch, or its run, while the attempt held it.
        ///
        /// Conflict; nothing was changed.
        public static let cancelled = Self(name: .cancelled)

        /// The category of errors of this kind.
        public var category: ErrorCategory {
            switch name {
            case .storeBusy, .storeUnavailable, .sourceUnavailable, .sinkUnavailable, .timedOut:
                .transient
            case .batchLost, .cancelled: .conflict
            default: .permanent
            }
        }

        /// The code's name.
        public var description: String { name.rawValue }
    }
}

extension TrancheError {
    /// Whether it says that an attempt no longer holds its batch.
    package var isLoss: Bool { code == .batchLost || code == .cancelled }
}

extension TrancheError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}

extension TrancheError: CustomDebugStringConvertible {
    /// The code, the message, where it was made, and the error below.
    public var debugDescription: String {
        let below = underlying.map { "; underlying: \(String(reflecting: $0))" } ?? ""
        return "TrancheError.\(code) (\(category)) at \(file):\(line): \(message)\(below)"
    }
}
