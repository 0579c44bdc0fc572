import ArchiveServices
import Glibc
import Platform

/// What the clock on the wall shows here.
enum LocalTime {
    /// How far it is ahead of UTC, as this machine's time zone has it.
    static let offset = TimeWindow.UTCOffset { time in
        var seconds = time_t(time.microseconds / 1_000_000)
        // A structure of numbers and a pointer to the zone's name, which is not looked at.
        var parts = unsafe tm()
        // Both live for the call, which fills the second; a failure leaves it as it is: UTC.
        _ = unsafe localtime_r(&seconds, &parts)
        // A number, whatever the pointer beside it.
        return unsafe parts.tm_gmtoff
    }
}
