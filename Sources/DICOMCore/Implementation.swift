/// How this program names itself in File Meta Information and in associations (PS3.7 D.3.3.2, PS3.10 7.1).
public enum Implementation {
    /// Implementation Class UID: a UUID of the project's own, as PS3.5 B.2 makes a UID of it.
    public static let classUID = UID(literal: "2.25.257790478082248664226482172503595371536")
    /// Implementation Version Name, 16 characters at most.
    public static let versionName = "CASSETTE_0_1"
}
