import Model

extension SeriesRef {
    /// The minutes that it is of at a moment, where that is in the past; nil for what is read up to that moment.
    public func stretch(at now: Timestamp) -> Range<Int64>? {
        guard let range, offset != nil else { return nil }
        let window = MinuteWindow(signal, end: now.minute, range: range, exclude: exclude, offset: offset)
        return window.end - window.range..<window.end
    }
}

extension HistoryFunction {
    /// What the function says of given minutes, as it would of watched ones.
    /// - Parameters:
    ///   - now: the minutes before that of this moment are over.
    ///   - offset: how long before that moment the range ends.
    ///   - ahead: for how far a line through them is followed.
    ///   - whole: what it was of the whole runtime, where the subject is an app of it.
    ///   - minute: what the signal was in a minute; nil: it was not watched.
    public func apply(
        _ signal: Signal, range: TimeSpan, exclude: TimeSpan?, offset: TimeSpan? = nil, ahead: TimeSpan? = nil, at now: Timestamp,
        whole: ((Int64) -> Evidence?)? = nil, minute: (Int64) -> Evidence?
    ) -> Evidence {
        let window = MinuteWindow(signal, end: now.minute, range: range, exclude: exclude, offset: offset, ahead: ahead)
        let ranges = window.ranges(self)
        func values(_ minutes: Range<Int64>, _ minute: (Int64) -> Evidence?) -> MinuteValues {
            var values = MinuteValues()
            var entries: [MinuteEntry] = []
            for number in minutes {
                switch minute(number) {
                // A line goes through nothing, too, at its own moment.
                case .value(0) where self != .predict: values.zeros += 1
                case .value(let value): entries.append(MinuteEntry(minute: number, value: value))
                case .missing(.noTraffic): values.withoutTraffic += 1
                case .missing(let reason): values.missing = reason
                case nil: values.missing = .tooLittleData
                }
            }
            values.entries = entries[...]
            return values
        }
        let ofWhole = whole.map { whole in ranges.map { values($0, whole) } }
        return window.apply(self, whole: comparesWindows ? ofWhole : nil) { values(ranges[$0], minute) }
    }
}
