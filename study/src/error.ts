/** A fault of the states, of the weights, or of what was asked for: one line that the user can act on. */
export class StudyError extends Error {
  override readonly name: string = "StudyError";
}

/** What was asked for cannot be meant: options that contradict each other, or name what is not there. */
export class OptionError extends StudyError {
  override readonly name = "OptionError";
}
