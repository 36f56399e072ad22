import CLibCurl
import TrancheConnectors

extension Driver {
    /// The library that sends requests.
    static let libcurl = Driver(tranche_libcurl())
}
