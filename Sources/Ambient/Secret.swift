/// A value that may be used but not shown: it prints as `***` in interpolation, debug output, dumps and mirrors.
///
/// `reveal()` is the only way in; call it where the value leaves the process, and nowhere else.
public struct Secret: Sendable, Equatable {
    private let value: String

    public init(_ value: String) {
        self.value = value
    }

    /// The value itself. The name is loud so that every use is found by searching for it.
    public func reveal() -> String { value }

    public var isEmpty: Bool { value.isEmpty }

    /// Compares every byte whatever the outcome, so that the time taken does not tell how much of a guess was right.
    public static func == (left: Secret, right: Secret) -> Bool {
        let left = Array(left.value.utf8)
        let right = Array(right.value.utf8)
        var difference: UInt8 = left.count == right.count ? 0 : 1
        for (index, byte) in left.enumerated() {
            difference |= byte ^ (right.isEmpty ? 0xFF : right[index % right.count])
        }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
