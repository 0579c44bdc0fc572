import ArchiveServices
import Platform

/// What an archive stands on: this machine, or in a test a simulated one.
struct ArchiveHost: Sendable {
    var disk: any Disk = PosixDisk()
    var random: any RandomSource = SystemRandomSource()
    var clock: any WallClock = SystemWallClock()
    /// What is assumed of text whose Data Set names no character set, unless its source has a set of its own.
    var characterSet: CharacterSetSetting?
    /// Where packs may lie besides the data folder, and where they go.
    var storage = StorageSettings()
    /// How deletion works.
    var removal = RemovalConfiguration()
    /// What takes frames out of their compression and puts them into it; in this process when nothing else is said.
    var codecs: CodecProcesses?
    /// Whether a backup was just put back: nothing but the folder itself is changed.
    var isRestoring = false
    /// Whether an operator wants an empty registry where the old one is lost.
    var acceptsNewRegistry = false
}
