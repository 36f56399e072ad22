import Tranche

/// A file of the page, which stands in the program itself.
struct PageFile: Sendable {
    /// Its path below the server's base.
    let path: String
    /// What it is, as `Content-Type` has it.
    let type: String
    /// Its bytes.
    let bytes: [UInt8]
    /// The name of its bytes: a browser that has them asks with it, and is answered with 304.
    let tag: String

    /// All of them, in the order of `pageFiles` in `Package.swift`.
    static let all = [
        PageFile(
            path: "/",
            type: "text/html; charset=utf-8",
            bytes: PackageResources.index_html
        ),
        PageFile(
            path: "/assets/app.css",
            type: "text/css; charset=utf-8",
            bytes: PackageResources.app_css
        ),
        PageFile(
            path: "/assets/icon.svg",
            type: "image/svg+xml",
            bytes: PackageResources.icon_svg
        ),
        module("api", PackageResources.api_js),
        module("app", PackageResources.app_js),
        module("app-state", PackageResources.app_state_js),
        module("audit", PackageResources.audit_js),
        module("batch", PackageResources.batch_js),
        module("bignum", PackageResources.bignum_js),
        module("boot", PackageResources.boot_js),
        module("budgets", PackageResources.budgets_js),
        module("bulk", PackageResources.bulk_js),
        module("changes", PackageResources.changes_js),
        module("coverage", PackageResources.coverage_js),
        module("dialog", PackageResources.dialog_js),
        module("dom", PackageResources.dom_js),
        module("events", PackageResources.events_js),
        module("feed", PackageResources.feed_js),
        module("format", PackageResources.format_js),
        module("graph", PackageResources.graph_js),
        module("graph-layout", PackageResources.graph_layout_js),
        module("items", PackageResources.items_js),
        module("jobs", PackageResources.jobs_js),
        module("keys", PackageResources.keys_js),
        module("login", PackageResources.login_js),
        module("look", PackageResources.look_js),
        module("overview", PackageResources.overview_js),
        module("parts", PackageResources.parts_js),
        module("paths", PackageResources.paths_js),
        module("route", PackageResources.route_js),
        module("run", PackageResources.run_js),
        module("run-actions", PackageResources.run_actions_js),
        module("run-tabs", PackageResources.run_tabs_js),
        module("store", PackageResources.store_js),
        module("workflows", PackageResources.workflows_js),
    ]

    private static let byPath = Dictionary(all.map { ($0.path, $0) }, uniquingKeysWith: { $1 })

    /// A module of the page's program.
    private static func module(_ name: String, _ bytes: [UInt8]) -> PageFile {
        PageFile(path: "/assets/\(name).js", type: "text/javascript; charset=utf-8", bytes: bytes)
    }

    /// The file that is served under a path below the base.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - colour: What the icon's own colour is replaced by, such as `#0f7b6c`; others are
    ///     ignored.
    /// - Returns: The file; `nil` where there is none.
    static func at(_ path: String, colour: String? = nil) -> PageFile? {
        guard let file = byPath[path] else { return nil }
        guard file.type == "image/svg+xml", let colour,
            colour.wholeMatch(of: #/#[0-9A-Fa-f]{6}/#) != nil
        else { return file }
        let text = String(decoding: file.bytes, as: UTF8.self)
        let coloured = text.replacing(iconColour, with: colour)
        return PageFile(path: path, type: file.type, bytes: Array(coloured.utf8))
    }

    /// The colour of the icon, and of the page, where nobody says another.
    private static let iconColour = "#2563c9"

    private init(path: String, type: String, bytes: [UInt8]) {
        (self.path, self.type, self.bytes) = (path, type, bytes)
        var hash = FNVHash()
        hash.add(bytes)
        tag = "\"\(String(hash.value, radix: 16))\""
    }
}
