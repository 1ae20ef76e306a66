/** From where on something is worth a word, and how long doctor waits: named bounds, with their units. */

export const DOCTOR_LIMITS = {
  /** All answers of one host; a Docker that hangs does not get further. */
  surveyTimeoutMs: 60_000,
  loginTimeoutMs: 60_000,
  /** A look-up of a name on a server. */
  resolveTimeoutMs: 10_000,
  /** Until a port counts as closed off. */
  connectTimeoutMs: 4_000,
  /** A look-up of a name on this machine. */
  lookupTimeoutMs: 5_000,
  diskWarningPercent: 10,
  diskProblemPercent: 2,
  clockWarningSeconds: 30,
  /** Of Docker. */
  minDockerVersion: "20.10",
};
