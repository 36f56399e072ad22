import FoundationEssentials
import Tranche
public import TrancheConnectors

/// Where a pipeline's file says that something stands which may hold a credential.
public enum SecretPlace: Sendable, Hashable {
    /// In a variable of the environment, or the file that the variable with `_FILE` behind its name
    /// names.
    case variable(String)
    /// In a file, without the line breaks at its end.
    case file(String)
    /// In the pipeline's file itself, without a credential.
    case text(String)

    /// Finds it.
    ///
    /// - Parameter credentials: Where variables are looked up.
    /// - Returns: The text, to be neither shown nor kept.
    /// - Throws: `TrancheError` `.invalidArgument`, which does not show it.
    public func text(_ credentials: Credentials) throws -> String {
        switch self {
        case .text(let text): return text
        case .variable(let name):
            guard let text = try credentials.value(name) else {
                throw TrancheError(.invalidArgument, "the variable \(name) is not set; set it")
            }
            return text
        case .file(let path):
            let text: String
            do {
                text = try String(contentsOfFile: path, encoding: .utf8)
            } catch {
                throw TrancheError(.invalidArgument, "the file '\(path)' cannot be read as text")
            }
            let bare = text.trimmed(.lineBreaks)
            guard !bare.isEmpty else {
                throw TrancheError(.invalidArgument, "the file '\(path)' is empty")
            }
            return bare
        }
    }
}

extension FieldKind where Value == SecretPlace {
    /// `{env: NAME}`, or `{file: PATH}`; or a URL without a password, where texts may stand here.
    static func secret(orText allowsText: Bool) -> FieldKind {
        let name = "{env: NAME} or {file: PATH}" + (allowsText ? ", or a URL" : "")
        return FieldKind(name) { place in
            switch place.node.value {
            case .scalar where allowsText:
                guard let text = FieldKind<String>.text.convert(place) else { return nil }
                do throws(SpecError) {
                    if try !DatabaseSpec(text).scheme.isEmpty { return .text(text) }
                    place.fault("'\(redacted(text))' is neither a URL nor a database of this file")
                } catch let error where error.code == .holdsPassword {
                    place.fault(
                        "the URL holds a password, which may not stand here; give the whole URL as "
                            + "{env: NAME} or {file: PATH}"
                    )
                } catch {
                    place.fault("\(error)")
                }
                return nil
            case .mapping:
                return FieldKind.mapping { fields in
                    let variable = fields.read("env", .text)
                    let file = fields.read("file", .text)
                    switch (variable, file) {
                    case (let variable?, nil) where !variable.isEmpty: return .variable(variable)
                    case (nil, let file?) where !file.isEmpty: return .file(file)
                    default:
                        fields.place.fault("give one of {env: NAME} and {file: PATH}")
                        return nil
                    }
                }.convert(place)
            default: return refuse(place, name)
            }
        }
    }
}

/// The databases that a pipeline's file names.
struct PipelineDatabases: Sendable {
    var places: [String: SecretPlace] = [:]
    /// Where variables are looked up; `nil` where the file is only looked at.
    var credentials: Credentials?

    /// The URL that a field says: a database's name, or the URL itself.
    ///
    /// - Returns: The URL, and whether it may hold a password; `nil` where it is unknown, as the
    ///   file is only looked at.
    func url(_ text: String) throws -> (text: String, isHidden: Bool)? {
        guard let place = places[text] else { return (text, false) }
        if case .text(let url) = place { return (url, false) }
        guard let credentials else { return nil }
        return (try place.text(credentials), true)
    }
}

extension PartSettings {
    /// The URL of a database that has to be there, under the first of some keys that is.
    ///
    /// The field is a URL without a password, or the name of one of the file's databases.
    ///
    /// - Parameters:
    ///   - keys: The keys, such as `url`.
    ///   - placeholder: What to answer where the file is only looked at, and the URL is elsewhere.
    /// - Returns: The URL, to be neither shown nor kept; `nil` where it is missing or wrong.
    public func database(_ keys: [String], placeholder: String) -> String? {
        let key = keys.first { has($0) } ?? keys[0]
        guard let text = text(key) else { return nil }
        do {
            guard let url = try databases.url(text) else { return placeholder }
            if !url.isHidden, holdsPassword(text) {
                throw SpecError(.holdsPassword, "holds a password")
            }
            // libpq takes a list of words, too.
            if !text.contains(where: { ":=/".contains($0) }), databases.places[text] == nil {
                let names = databases.places.keys.sorted()
                let nearest = NearestName(names).to(text).map { "; did you mean '\($0)'?" } ?? ""
                fault("'\(text)' is neither a URL nor a database of this file\(nearest)", key: key)
                return nil
            }
            _ = try DatabaseSpec(url.text, passwords: url.isHidden ? .hidden : .refused)
            return url.text
        } catch let error as SpecError where error.code == .holdsPassword {
            fault(
                "the URL holds a password, which may not stand here; name the database under "
                    + "'databases', as {env: NAME} or {file: PATH}, and give that name",
                key: key
            )
        } catch {
            fault("\(error)", key: key)
        }
        return nil
    }
}
