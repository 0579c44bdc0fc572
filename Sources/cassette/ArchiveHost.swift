import Platform

/// What an archive stands on: this machine, or in a test a simulated one.
struct ArchiveHost: Sendable {
    var disk: any Disk = PosixDisk()
    var random: any RandomSource = SystemRandomSource()
    var clock: any WallClock = SystemWallClock()
}
