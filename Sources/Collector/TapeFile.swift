import Glibc

/// The open file of a tape, to read from or to write to; closed with its owner where we opened it.
final class TapeFile {
    /// As errors call it.
    let name: String
    let descriptor: Int32
    private let isOurs: Bool

    /// Opens a tape to read.
    convenience init(reading path: String) throws(TapeError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TapeError(file: path, "cannot open the tape: \(String(cString: strerror(errno)))")
        }
        self.init(descriptor, name: path, isOurs: true)
    }

    /// Begins a tape in a new file. An existing one is not overwritten.
    convenience init(writing path: String) throws(TapeError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let hint = errno == EEXIST ? "a tape is never overwritten: choose another name" : nil
            throw TapeError(file: path, "cannot begin a tape: \(String(cString: strerror(errno)))", hint: hint)
        }
        self.init(descriptor, name: path, isOurs: true)
    }

    /// - Parameter isOurs: false for an open descriptor of somebody else, which stays open.
    init(_ descriptor: Int32, name: String, isOurs: Bool = false) {
        self.name = name
        self.descriptor = descriptor
        self.isOurs = isOurs
    }

    deinit { if isOurs { close(descriptor) } }
}
