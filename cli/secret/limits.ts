/** Every bound of reading secrets and of the commands that fetch them, by name and unit. */

export const SECRET_LIMITS = {
  /** One secrets file, bytes. */
  maxFileBytes: 1024 * 1024,
  /** One value, bytes. */
  maxValueBytes: 256 * 1024,
  /** What a command may print, bytes. */
  maxOutputBytes: 1024 * 1024,
  /** How long a command may take; it may ask for a password. */
  commandTimeoutMs: 5 * 60 * 1000,
  /** Lines of a failed command's stderr that its error repeats. */
  maxErrorLines: 5,
  /** Characters below which a secret is not masked in other text: it would be found everywhere. */
  minRedactedLength: 4,
  /** Characters from which the lines of a secret, and its base64 inside other base64, are masked on their own. */
  minPartLength: 8,
};
