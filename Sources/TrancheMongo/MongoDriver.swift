import CLibMongoC
import TrancheConnectors

extension Driver {
    /// MongoDB's library, with the one for its documents.
    static let libmongoc = Driver(tranche_libmongoc())
}
