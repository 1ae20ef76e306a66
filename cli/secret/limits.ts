/** Every bound of reading secrets and of the commands that fetch them, by name and unit. */

export const SECRET_LIMITS = {
  /** One secrets file, bytes. */
  maxFileBytes: 1024 * 1024,
  /** One value, bytes: also all that was fetched, as one word of a shell. */
  maxValueBytes: 4 * 1024 * 1024,
  /** What a command may print, bytes. */
  maxOutputBytes: 4 * 1024 * 1024,
  /** How long a command may take; it may ask for a password. */
  commandTimeoutMs: 5 * 60 * 1000,
  /** Between the polite signal to an interrupted command and the one that cannot be refused. */
  killGraceMs: 2_000,
  /** Calls of a password manager's program at the same time. */
  maxParallelCalls: 4,
  /** Names in one call of AWS; the service takes no more. */
  maxAwsNames: 20,
  /** Lines of a failed command's stderr that its error repeats. */
  maxErrorLines: 5,
  /** Characters below which a secret is not masked in other text: it would be found everywhere. */
  minRedactedLength: 4,
  /** Characters from which the lines of a secret, and its base64 inside other base64, are masked on their own. */
  minPartLength: 8,
};
