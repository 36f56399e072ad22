public import Tranche

/// Why an ``HTTPListener`` cannot listen.
public struct HTTPListenerError: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    public let code: Code
    /// What went wrong and what to do about it; no secrets.
    public let message: String

    /// Kinds of errors; more may come.
    public struct Code: Sendable, Hashable {
        private enum Name {
            case invalidAddress, addressInUse, addressRefused, unsafeAddress, invalidCertificate
            case outOfResources
        }

        private let name: Name

        /// A text is no address to listen on; permanent.
        public static let invalidAddress = Self(name: .invalidAddress)
        /// Another program listens there; transient.
        public static let addressInUse = Self(name: .addressInUse)
        /// The system does not let this program listen there; permanent.
        public static let addressRefused = Self(name: .addressRefused)
        /// An address that others can reach needs TLS, or that it is said that none is wanted;
        /// permanent.
        public static let unsafeAddress = Self(name: .unsafeAddress)
        /// The files for TLS cannot be read, or are no certificate and key; permanent.
        public static let invalidCertificate = Self(name: .invalidCertificate)
        /// The system has no threads, memory or files left; transient.
        public static let outOfResources = Self(name: .outOfResources)

        /// What to do about it.
        public var category: ErrorCategory {
            switch name {
            case .addressInUse, .outOfResources: .transient
            default: .permanent
            }
        }
    }

    /// Makes an error.
    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What to do about the error.
    public var category: ErrorCategory { code.category }

    /// The error in words.
    public var description: String { message }
}
