/// What a YAML document may take.
package struct YAMLLimits: Sendable {
    /// The most bytes of a file; 1 MiB when not given.
    package var bytes = 1 << 20
    /// The most levels of lists and mappings in each other, aliases followed; 64 when not given,
    /// and at most 500.
    package var depth = 64
    /// The most values after each alias is replaced by what it names; 100,000 when not given.
    package var nodes = 100_000
    /// The most bytes of text after each alias is replaced by what it names; 8 MiB when not given.
    package var expandedBytes = 8 << 20

    /// The limits of a pipeline file.
    package init() {}
}
