import Tranche

extension FieldKind where Value == PipelineLineage {
    /// A place; or `to`, a place or where one stands, and the `namespace`.
    static var lineage: FieldKind {
        FieldKind("a URL, a file, or {to: URL or FILE, namespace: NAME}") { place in
            if case .mapping = place.node.value {
                return FieldKind.mapping { fields in
                    let target = fields.require("to", FieldKind<SecretPlace>.ofLineage)
                    let namespace = fields.read("namespace", .text)
                    if namespace?.isEmpty ?? false {
                        fields.fault("it is empty; name the name space", key: "namespace")
                    }
                    return target.map { PipelineLineage($0, namespace: namespace) }
                }.convert(place)
            }
            return FieldKind<SecretPlace>.ofLineage.convert(place).map { PipelineLineage($0) }
        }
    }
}

extension FieldKind where Value == SecretPlace {
    /// A URL of `http` or `https` without a password, the path of a file, or where these stand.
    fileprivate static var ofLineage: FieldKind {
        FieldKind("a URL or a file, {env: NAME} or {file: PATH}") { place in
            if case .mapping = place.node.value {
                return FieldKind.secret(orText: false).convert(place)
            }
            guard let text = FieldKind<String>.text.convert(place) else { return nil }
            if holdsPassword(text) {
                place.fault(
                    "the URL holds a password, which may not stand here; the token is in "
                        + "OPENLINEAGE_API_KEY"
                )
                return nil
            }
            let isAddress = text.hasPrefix("http://") || text.hasPrefix("https://")
            guard !text.isEmpty, isAddress || !text.contains("://") else {
                place.fault("give a URL of http or https, or a file")
                return nil
            }
            return .text(PipelineTypes.absolute(text))
        }
    }
}
