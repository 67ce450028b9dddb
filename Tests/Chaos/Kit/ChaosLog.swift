import Glibc
import Model

/// JSON Lines that only grow. One write a line, so that a reader sees whole ones.
package final class ChaosLog: Sendable {
    private let file: Int32

    package init(_ path: String) throws {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw ChaosFailure("cannot write \(path)") }
    }

    package func write(_ line: JSON) {
        let bytes = line.serializedBytes() + [UInt8(ascii: "\n")]
        _ = Glibc.write(file, bytes, bytes.count)
    }
}

/// Why a world cannot begin.
package struct ChaosFailure: Error {
    package let text: String
    package init(_ text: String) { self.text = text }
}
