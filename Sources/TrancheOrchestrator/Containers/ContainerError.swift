public import Tranche

/// An error of a container engine, or of what it runs.
public struct ContainerError: CategorizedError, Sendable {
    /// Kinds of errors; more may come.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Name: String {
            case unreachable, refused, imageUnknown, pullFailed, nameTaken, cannotStart, lost
            case inputCut, invalidEvent
        }

        private let name: Name

        /// The engine does not answer.
        ///
        /// Transient.
        public static let unreachable = Self(name: .unreachable)
        /// The engine refuses a request.
        ///
        /// Permanent, unless its answer says otherwise.
        public static let refused = Self(name: .refused)
        /// The engine does not have the image.
        ///
        /// Permanent.
        public static let imageUnknown = Self(name: .imageUnknown)
        /// The image cannot be pulled.
        ///
        /// Transient: registries fail for a while.
        public static let pullFailed = Self(name: .pullFailed)
        /// A container of another maker has the batch's name.
        ///
        /// Conflict.
        public static let nameTaken = Self(name: .nameTaken)
        /// The engine cannot start the container's program.
        ///
        /// Permanent.
        public static let cannotStart = Self(name: .cannotStart)
        /// The batch is another's by now, or somebody removed the container.
        ///
        /// Conflict.
        public static let lost = Self(name: .lost)
        /// The engine went away while it handed over the input: it may have been cut.
        ///
        /// Transient.
        public static let inputCut = Self(name: .inputCut)
        /// The event is too long for a variable.
        ///
        /// Permanent.
        public static let invalidEvent = Self(name: .invalidEvent)

        /// The code's name.
        public var description: String { name.rawValue }

        fileprivate var category: ErrorCategory {
            switch name {
            case .unreachable, .pullFailed, .inputCut: .transient
            case .nameTaken, .lost: .conflict
            case .refused, .imageUnknown, .cannotStart, .invalidEvent: .permanent
            }
        }
    }

    /// The code of the error.
    public let code: Code
    /// The fault and the remedy; without secrets.
    public let message: String
    /// What to do about it.
    public let category: ErrorCategory
    /// The error of the layer below, where there was one.
    public let underlying: (any Error)?

    init(
        _ code: Code,
        _ message: String,
        category: ErrorCategory? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = redacted(message)
        self.category = category ?? code.category
        self.underlying = underlying
    }
}

extension ContainerError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
