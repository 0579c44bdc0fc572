import ArchiveCatalog
import ArchiveServices
import CatalogSQLite
import DICOMCore
import DICOMGateway
import DICOMUpperLayer
import DIMSE
import HTTPGateway
import PackStorage

/// How much the archive takes in before it refuses: the limits of all its parts together.
struct ArchiveLimits: Sendable {
    var association = UpperLayerLimits()
    var admission = AdmissionLimits()
    var dimse = DIMSELimits()
    var dataSet = DataSetLimits()
    var http = HTTPLimits()
    var matching = MatchingParser()
    var catalog = SQLiteCatalogConfiguration()
    var packs = PackConfiguration()
    var pixels = PixelService.Limits()

    /// The defaults.
    init() {}

    /// Takes what the settings say, and the default of each limit that they leave out.
    init(_ source: SettingSource) throws(ConfigurationProblem) {
        if source.usesEnvironment { try Self.checkEnvironment() }
        for setting in LimitSettings.all {
            let value = try source.value(setting.key, or: setting.standard, setting.wanted, setting.value)
            setting.write(&self, value)
        }
    }

    /// A limit that is misspelt would silently not hold.
    private static func checkEnvironment() throws(ConfigurationProblem) {
        let known = LimitSettings.all.map(\.variable)
        for name in Environment.names.sorted() where name.hasPrefix("CASSETTE_LIMITS_") && !known.contains(name) {
            let hint = Spelling.nearest(to: name, in: known).map { ": did you mean \($0)?" }
            throw ConfigurationProblem(
                line: nil,
                "there is no setting \(name)" + (hint ?? ", see `cassette config limits`")
            )
        }
    }

    /// The limits for a command without a configuration file.
    static func fromEnvironment() throws -> ArchiveLimits {
        do throws(ConfigurationProblem) {
            return try ArchiveLimits(SettingSource(typed: [:], file: ConfigurationFile(), usesEnvironment: true))
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    /// The limits of the DICOM door.
    var dicomDoor: DICOMGatewayLimits {
        var limits = DICOMGatewayLimits()
        limits.admission = admission
        limits.upperLayer = association
        limits.dimse = dimse
        limits.dimse.instanceLength = dataSet.instanceLength
        limits.dimse.dataSet = dataSet
        limits.matching = matching
        return limits
    }

    /// The limits of the HTTP door.
    var webDoor: HTTPLimits {
        var limits = http
        limits.matching = matching
        return limits
    }
}
