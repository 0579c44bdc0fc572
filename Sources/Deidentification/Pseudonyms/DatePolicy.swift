/// What becomes of dates and times.
public enum DatePolicy: Sendable, Hashable {
    /// They are taken out.
    case removed

    /// They stay as they are.
    case kept

    /// Dates move into the past by a number of days that follows from the project key and the patient; times stay.
    ///
    /// All dates of a patient move by the same number, never by 0, so intervals stay as they were. The number is 1 to 3,650;
    /// with weekdays kept it is 7 to 3,647 and a multiple of 7.
    case shifted(keepsWeekday: Bool)
}
