import Model

extension HistoryFunction {
    /// What the function says of given minutes, as it would of watched ones.
    /// - Parameters:
    ///   - now: the minutes before that of this moment are over.
    ///   - minute: what the signal was in a minute; nil: it was not watched.
    public func apply(
        range: TimeSpan, exclude: TimeSpan?, at now: Timestamp, minute: (Int64) -> Evidence?
    ) -> Evidence {
        let window = MinuteWindow(end: now.minute, range: range, exclude: exclude)
        return window.apply(self) { minutes in
            var values = MinuteValues()
            var entries: [MinuteEntry] = []
            for number in minutes {
                switch minute(number) {
                case .value(0): values.zeros += 1
                case .value(let value): entries.append(MinuteEntry(minute: number, value: value))
                case .missing(.noTraffic): values.withoutTraffic += 1
                case .missing(let reason): values.missing = reason
                case nil: values.missing = .tooLittleData
                }
            }
            values.entries = entries[...]
            return values
        }
    }
}
