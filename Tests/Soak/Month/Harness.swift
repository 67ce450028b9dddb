import Glibc
import JSONParsing
import Model

/// Whoever started this process, samples it and checks what it left, and is the one who can do something to its database.
enum Harness {
    /// Says something, as a line of JSON, and waits for a line: nothing moves meanwhile.
    static func tell(_ document: JSON) {
        let line = document.serializedBytes() + [UInt8(ascii: "\n")]
        _ = write(STDOUT_FILENO, line, line.count)
        _ = readLine()
    }

    /// What can be done to a database.
    enum Deed: String {
        /// Another becomes the engine: what this one still writes is refused, as when it was killed at this moment.
        case depose
        /// It ends as by a power cut and is started again.
        case restart
    }

    static func have(_ deed: Deed) { tell(["do": .string(deed.rawValue)]) }
}
