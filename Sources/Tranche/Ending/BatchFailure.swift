/// How an attempt failed.
public struct BatchFailure: Sendable, Hashable {
    /// The error message.
    public var message: String
    /// The result of the batch in spite of the failure, as JSON.
    public var result: String?
    /// Whether trying the same again may succeed: it says nothing about the items.
    public var isTransient: Bool
    /// Whether trying the same again is of no use: where batches that fail stay failed, this one
    /// does so at once.
    public var isFinal: Bool
    /// The parts that the batch falls into where the bad items are known; else empty.
    public var parts: [BatchPart]
    /// The kind of error; `nil` if it is not known.
    public var code: TrancheError.Code?
    /// Whether it is that the batch was put off too long: it is counted, and splits nothing.
    package var isOfDeferrals = false
    /// Whether the work succeeded for all items but the bad ones.
    package var isOfSuccess = false
    /// The output of the attempt; `nil` (the default) if there is none.
    public var output: AttemptOutput?

    /// Makes a failure.
    public init(
        _ message: String,
        result: String? = nil,
        isTransient: Bool = false,
        isFinal: Bool = false,
        parts: [BatchPart] = [],
        code: TrancheError.Code? = nil
    ) {
        self.message = message
        self.result = result
        self.isTransient = isTransient
        self.isFinal = isFinal
        self.parts = parts
        self.code = code
    }

    /// Describes a failure by an error.
    ///
    /// One that is a ``CategorizedError`` of the category transient says nothing about the items.
    ///
    /// - Parameter error: What went wrong; its description is kept.
    public init(_ error: any Error) {
        let category = (error as? any CategorizedError)?.category
        let code = (error as? TrancheError)?.code
        self.init("\(error)", isTransient: category == .transient, code: code)
    }
}

/// An error that says whether trying again may help.
public protocol CategorizedError: Error {
    /// The category of the error, which says whether another attempt may help.
    var category: ErrorCategory { get }
}

extension TrancheError: CategorizedError {}
