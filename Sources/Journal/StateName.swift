import Glibc
import Model

/// Where state lies, as it was written: the path of a folder, or the URL of a PostgreSQL database. Prints without what is
/// secret in it.
public struct StateName: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    /// As it was written, a password in it included.
    let text: String
    /// Where a database's password comes from, if not from the URL or from where libpq looks by itself.
    public let password: StatePassword?
    /// Of all folders that are had by this name.
    let ending: PostgresEnding

    public init(_ text: String, password: StatePassword? = nil) { self.init(text, password, PostgresEnding()) }

    private init(_ text: String, _ password: StatePassword?, _ ending: PostgresEnding) {
        self.text = text
        self.password = password
        self.ending = ending
    }

    public init(stringLiteral text: String) { self.init(text) }

    public static func == (left: StateName, right: StateName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Whether it names a database.
    public var isDatabase: Bool { PostgresPlace.isMeant(by: text) }

    /// Why it is no URL of a database though it is a URL; nil for folders.
    public var fault: PostgresPlace.Fault? {
        guard isDatabase else {
            return StateFolder.scheme(of: text).map {
                PostgresPlace.Fault(
                    message: text.hasPrefix("\($0)://") ? "it begins with \($0):// and not with postgres://" : "there is a '://' in a path",
                    hint: StateFolder.places)
            }
        }
        do throws(PostgresPlace.Fault) {
            _ = try PostgresPlace(text)
            return nil
        } catch {
            return error
        }
    }

    /// Files of TLS that the URL of a database names: what each is, and the end of the line that it must hold.
    public var files: [(what: String, path: String, holds: String)] { isDatabase ? (try? PostgresPlace(text))?.files ?? [] : [] }

    public var description: String {
        // What follows a scheme may hold a password.
        guard isDatabase else { return StateFolder.scheme(of: text).map { $0 + "://…" } ?? text }
        return (try? PostgresPlace(text).description) ?? "postgres://…"
    }

    /// With where a database's password comes from.
    public func with(_ password: StatePassword?) -> StateName { StateName(text, password, ending) }

    /// The process is to end: whoever waits for the database of this name, or will, waits a moment more and no longer, as
    /// `StateFolder.hurry` says. Needs no folder, so that it ends also the wait for the first connection.
    public func hurry() { ending.tell() }

    /// The path of a file that it names, such as a backup; nil for folders, databases and what is not there.
    public var file: String? {
        var status = stat()
        return !isDatabase && stat(text, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? text : nil
    }

    /// The path of something in the folder.
    public func appending(_ name: String) -> StateName { StateName(text + "/" + name, password: password) }
}

extension StateFolder {
    /// As `init(creating:)` of a path, wherever it is.
    public init(creating name: StateName) throws(JournalError) {
        if name.isDatabase { self.init(try StateFolder.database(name)) } else { try self.init(creating: name.text) }
    }

    /// As `init(existing:)` of a path, wherever it is. Of a database only its name is looked at.
    public init(existing name: StateName) throws(JournalError) {
        if name.isDatabase { self.init(try StateFolder.database(name)) } else { try self.init(existing: name.text) }
    }

    private static func database(_ name: StateName) throws(JournalError) -> PostgresPlace {
        do throws(PostgresPlace.Fault) {
            var place = try PostgresPlace(name.text)
            place.password = name.password
            place.ending = name.ending
            return place
        } catch {
            throw JournalError(
                operation: "use the database", path: name.description, cause: .cannotOpen,
                detail: error.message + (error.hint.map { "; \($0)" } ?? ""))
        }
    }
}
