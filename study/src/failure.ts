/** What a command exits with: 1 where a file or the machine is at fault, 2 where the command line is. */
export type ExitCode = 1 | 2;

/** A failure the user can act on: one line, no stack trace. Anything else that is thrown is a bug and keeps its trace. */
export class StudyFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = 1,
  ) {
    super(`study: ${message}`);
    this.name = "StudyFailure";
  }
}
