import Glibc
import Model

/// Where a secret comes from. Holding a source is not holding the secret: it is read when it is used, so that a
/// rotated file is picked up without a restart.
public enum SecretSource: Sendable, Equatable {
    /// Path of a file that holds the secret; white space and invisible marks around it are not part of it.
    case file(String)
    /// Name of an environment variable.
    case environment(String)
    /// Name of a systemd credential, a file below `$CREDENTIALS_DIRECTORY`; for whoever types a command beside the unit one of
    /// `foldersOfTheUnit`.
    case credential(String)
    /// The value itself, for tests and demonstrations.
    case literal(Secret)

    /// Why a secret cannot be had. Names the place, never the content.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// `the bearer token`, as the caller calls it.
        public let what: String
        /// `file /etc/mozaiks-ops/secrets/runtime-token`
        public let location: String
        public let why: String
        public let hint: String?
        /// A missing file may appear; a wrong name in a configuration does not mend itself.
        public let isRetryable: Bool

        public var description: String {
            "cannot read \(what) from \(location): \(why)" + (hint.map { "; \($0)" } ?? "")
        }
    }

    /// `file /etc/mozaiks-ops/secrets/runtime-token`: safe to print.
    public var location: String {
        switch self {
        case .file(let path): "file \(path)"
        case .environment(let name): "environment variable \(name)"
        case .credential(let name): "systemd credential \(name)"
        case .literal: "a literal value"
        }
    }

    /// The secret as it is now. Reads a file each time; see `CachedSecret` for one that does not.
    /// - Parameter what: what it is for, for the error message.
    public func read(_ what: String = "a secret", in environment: Environment) throws(Failure) -> Secret {
        func fail(_ why: String, hint: String? = nil, retryable: Bool) -> Failure {
            Failure(what: what, location: location, why: why, hint: hint, isRetryable: retryable)
        }
        let text: String
        switch self {
        case .literal(let secret):
            return secret
        case .environment(let name):
            guard let value = environment[name] else { throw fail("it is not set", retryable: false) }
            text = value
        case .file, .credential:
            guard let path = path(in: environment) else {
                throw fail(
                    "CREDENTIALS_DIRECTORY is not set",
                    hint: "it is set by LoadCredential= in the systemd unit; a command of root's looks in "
                        + Self.foldersOfTheUnit.joined(separator: " and "),
                    retryable: false)
            }
            text = try Self.contents(of: path, fail)
        }
        let trimmed = Self.trim(text)
        if let (place, scalar) = Self.firstMark(Array(trimmed.unicodeScalars)) {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            throw fail(
                "it holds an invisible character, U+\(String(repeating: "0", count: max(0, 4 - digits.utf8.count)))\(digits), as its \(place + 1)\(Self.ending(place + 1)) character",
                hint: "an editor or a copied web page put it there: type it anew", retryable: false)
        }
        guard !trimmed.isEmpty else { throw fail("it is empty", retryable: true) }
        // It will become part of a header line; there a line break would start another one.
        guard trimmed.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw fail("it has more than one line or control characters", retryable: false)
        }
        return Secret(trimmed)
    }

    /// Who else may have it: nil where only its owner and a group can read the file, or there is none.
    public func exposure(in environment: Environment) -> String? {
        guard let path = path(in: environment) else { return nil }
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let everybody = status.st_mode & (S_IROTH | S_IWOTH)
        guard everybody != 0 else { return nil }
        // What lies in a folder that others cannot enter is not theirs, whatever its own mode says.
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard stat(folder, &status) != 0 || status.st_mode & S_IXOTH != 0 else { return nil }
        let verb = everybody & S_IWOTH != 0 ? "change" : "read"
        return "every user of this machine may \(verb) \(location); chmod o-rwx \(path)"
    }

    /// Where root finds what the unit hands to the daemon: what it was handed, while it runs, and the file that it is handed from.
    static let foldersOfTheUnit = ["/run/credentials/mozaiks-ops.service", "/etc/mozaiks-ops/secrets"]

    /// The file that holds it, if it is in a file and the place is known.
    func path(in environment: Environment, orElse folders: [String] = foldersOfTheUnit) -> String? {
        switch self {
        case .file(let path): return path
        case .credential(let name):
            if let folder = environment.nonEmpty("CREDENTIALS_DIRECTORY") { return "\(folder)/\(name)" }
            return folders.map { "\($0)/\(name)" }.first { access($0, R_OK) == 0 }
        case .environment, .literal: return nil
        }
    }

    /// Longer files are no secrets but mistakes.
    private static let sizeLimit = 64 * 1_024

    private static func contents(
        of path: String, _ fail: (String, String?, Bool) -> Failure
    ) throws(Failure) -> String {
        let descriptor: Int32
        do {
            descriptor = try RegularFile.open(path)
        } catch {
            let hint = error.code == EACCES ? "it must be readable for the user that this program runs as" : nil
            throw fail(error.reason, hint, true)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw fail(String(cString: strerror(errno)), nil, true)
            }
            bytes += chunk[..<count]
            guard bytes.count <= sizeLimit else { throw fail("it is longer than \(sizeLimit) bytes", nil, false) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let isUTF16 = bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
            throw fail("it is not UTF-8 text", isUTF16 ? "it looks like UTF-16: save it as UTF-8" : nil, false)
        }
        return text
    }

    /// Without what editors and clipboards leave around it: white space, line ends, a byte order mark, zero-width marks.
    public static func trim(_ text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        func isAround(_ index: Int) -> Bool { scalars[index].properties.isWhitespace || isMark(scalars, index) }
        guard let first = scalars.indices.first(where: { !isAround($0) }), let last = scalars.indices.last(where: { !isAround($0) })
        else { return "" }
        return String(String.UnicodeScalarView(scalars[first...last]))
    }

    /// The first that nobody sees, with its place. Blanks and tabs may stand in a passphrase, other white space looks like them.
    private static func firstMark(_ scalars: [Unicode.Scalar]) -> (Int, Unicode.Scalar)? {
        scalars.indices.first { index in
            let scalar = scalars[index]
            // Those of ASCII, line ends among them, are spoken of apart.
            let isHidden = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            return isHidden && !scalar.isASCII || isMark(scalars, index)
        }.map { ($0, scalars[$0]) }
    }

    /// Whether nobody sees it and no service takes it. Not where it makes an emoji of what stands before it, which a password may
    /// hold: there it is a part of what is seen.
    private static func isMark(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        let scalar = scalars[index]
        guard scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.generalCategory == .format else { return false }
        guard index > 0 else { return true }
        func isSymbol(_ index: Int) -> Bool {
            index >= 0 && index < scalars.count && scalars[index].properties.isEmoji && !scalars[index].isASCII
        }
        switch scalar.value {
        // The mark of emoji, also before the box around a digit.
        case 0xFE0F: return !isSymbol(index - 1) && !(index + 1 < scalars.count && scalars[index + 1].value == 0x20E3)
        // What joins two emoji to one.
        case 0x200D:
            return !(isSymbol(index + 1) && (isSymbol(index - 1) || scalars[index - 1].value == 0xFE0F || isTone(scalars[index - 1])))
        default: return true
        }
    }

    private static func isTone(_ scalar: Unicode.Scalar) -> Bool { (0x1F3FB...0x1F3FF).contains(scalar.value) }

    /// `st`, `nd`, `rd` or `th`.
    private static func ending(_ number: Int) -> String {
        guard number / 10 % 10 != 1 else { return "th" }
        return switch number % 10 {
        case 1: "st"
        case 2: "nd"
        case 3: "rd"
        default: "th"
        }
    }
}
