public import FoundationEssentials
import Tranche
public import TrancheOrchestrator

extension PipelineTypes {
    /// Adds the input `webhook`.
    ///
    /// - Parameters:
    ///   - listeners: Those that the inputs of one file share.
    ///   - environment: This process's variables, where secrets may be.
    public mutating func addWebhook(
        listeners: WebhookListeners = WebhookListeners(),
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        inputs["webhook"] = { try webhook($0, listeners, environment) }
    }
}

private func webhook(
    _ settings: PartSettings,
    _ listeners: WebhookListeners,
    _ environment: [String: String]
) throws -> (any Input)? {
    let listener = listener(settings)
    let scheme = scheme(settings)
    let secret = secret(settings)
    let path = settings.optionalText("path") ?? "/\(settings.name)"
    if !path.hasPrefix("/") || path.contains(where: { "?#%".contains($0) }) {
        settings.fault("give a path that begins with '/', without '?', '#' or '%'", key: "path")
    }
    if let scheme, scheme != .none, secret == nil, !settings.has("secret") {
        settings.fault(
            "requests are signed with a secret; give {file: PATH} or {env: NAME}",
            key: "secret"
        )
    }
    guard let listener, let scheme else {
        settings.allow(["idempotency_key", "tolerance", "max_body", "headers"])
        return nil
    }
    var configuration = WebhookInput.Configuration(listener, path: path, scheme: scheme)
    configuration.secret = secret
    readRest(settings, &configuration)
    do {
        return try WebhookInput(
            settings.name,
            configuration,
            listeners: listeners,
            environment: environment
        )
    } catch let error as WebhookConflict {
        settings.fault(error.message, key: error.key)
    } catch let error as HTTPListenerError {
        settings.fault(
            error.message + " (tls: {certificate: FILE, key: FILE}, or insecure: true)",
            key: "listen"
        )
    }
    return nil
}

private func listener(_ settings: PartSettings) -> HTTPListener.Configuration? {
    let text = settings.optionalText("listen") ?? "127.0.0.1:8080"
    let hosts = settings.texts("hosts")
    let isInsecure = settings.flag("insecure")
    let files = settings.textMap("tls")
    do throws(HTTPListenerError) {
        var configuration = HTTPListener.Configuration(try ListenAddress(text))
        configuration.hosts = hosts
        configuration.isInsecure = isInsecure
        guard settings.has("tls") else { return configuration }
        guard files.count == 2, let certificate = files["certificate"], let key = files["key"]
        else {
            settings.fault("give {certificate: FILE, key: FILE}, both as PEM", key: "tls")
            return nil
        }
        configuration.tls = HTTPListener.TLSFiles(certificate: certificate, key: key)
        return configuration
    } catch {
        settings.fault(error.message, key: "listen")
        return nil
    }
}

private func scheme(_ settings: PartSettings) -> WebhookScheme? {
    let header = settings.optionalText("signature_header")
    let names = WebhookScheme.Name.allCases.map(\.rawValue)
    guard settings.has("signature") else {
        settings.fault(
            "'signature' is missing; give one of \(names.joined(separator: ", ")), the last for one "
                + "that anybody may call who can reach it",
            key: "signature"
        )
        return nil
    }
    guard let text = settings.choice("signature", of: names),
        let name = WebhookScheme.Name(rawValue: text)
    else { return nil }
    if name != .hmac, header != nil {
        settings.fault("'signature_header' goes with hmac-sha256", key: "signature_header")
    }
    switch name {
    case .github: return .github
    case .stripe: return .stripe
    case .standard: return .standard
    case .none: return WebhookScheme.none
    case .hmac:
        guard let header, isFieldName(header) else {
            settings.fault(
                "give the header field with the signature, such as X-Signature",
                key: "signature_header"
            )
            return nil
        }
        return .hmacSHA256(header: header)
    }
}

private func secret(_ settings: PartSettings) -> WebhookSecret? {
    guard settings.has("secret") else { return nil }
    let kind = FieldKind<WebhookSecret>.mapping { fields in
        let file = fields.read("file", .text)
        let variable = fields.read("env", .text)
        switch (file, variable) {
        case (let path?, nil): return .file(path)
        case (nil, let name?): return .environment(name)
        default:
            fields.place.fault("give {file: PATH} or {env: NAME}; a secret does not stand here")
            return nil
        }
    }
    return settings.read(
        "secret",
        FieldKind<WebhookSecret>("a place") { place in
            // A fault of the kind would show what stands here.
            guard case .mapping = place.node.value else {
                place.fault("give {file: PATH} or {env: NAME}; a secret does not stand here")
                return nil
            }
            return kind.convert(place)
        }
    )
}

private func readRest(_ settings: PartSettings, _ configuration: inout WebhookInput.Configuration) {
    if let header = settings.optionalText("idempotency_key") {
        configuration.keyHeader = header
        if !isFieldName(header) {
            settings.fault("give the name of a header field", key: "idempotency_key")
        }
    }
    if let tolerance = settings.duration("tolerance") {
        configuration.tolerance = tolerance
        if !(.seconds(1) ... .seconds(86_400)).contains(tolerance) {
            settings.fault("give 1s to 1d", key: "tolerance")
        }
    }
    if let size = settings.read("max_body", FieldKind<Double>.size) {
        let most = Double(64 << 20)
        if size > most { settings.fault("give 64MiB or less", key: "max_body") }
        configuration.bodyBytes = Int(min(max(size, 1), most))
    }
    configuration.headers = settings.texts("headers")
    if !configuration.headers.allSatisfy(isFieldName) {
        settings.fault("give names of header fields", key: "headers")
    }
}

/// Whether a text can be the name of a header field.
///
/// Source: RFC 9110, section 5.1.
private func isFieldName(_ text: String) -> Bool {
    let marks = Array("!#$%&'*+-.^_`|~".utf8)
    return !text.isEmpty
        && text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
                || marks.contains(byte)
        }
}
