import CYAML
import TrancheConnectors

extension Driver {
    /// The library that reads YAML.
    static let libyaml = Driver(tranche_libyaml())
}
