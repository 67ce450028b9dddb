extension Signal {
    private static let shapes = allCases.map(\.info.shape)

    /// How it behaves over time. Asked for each minute of each app: a row of the table has a dozen texts and sets, to be counted
    /// wherever it is copied.
    public var shape: Shape { Signal.shapes[Int(rawValue)] }
}
