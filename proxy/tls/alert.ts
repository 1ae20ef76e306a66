/** TLS alerts that are sent before there is any TLS: a client learns why its hello leads nowhere. RFC 8446 §6. */

const ALERT_RECORD = 21;
const FATAL = 2;

/** No certificate for the name that was asked for (RFC 6066 §3). */
export const UNRECOGNIZED_NAME = fatal(112);
/** No name was asked for, and there is no certificate for those (RFC 8446 §9.2). */
export const MISSING_EXTENSION = fatal(109);
/** The first message is no ClientHello. */
export const DECODE_ERROR = fatal(50);
/** A certificate that cannot be used after all. */
export const INTERNAL_ERROR = fatal(80);

function fatal(description: number): Buffer {
  return Buffer.of(ALERT_RECORD, 3, 3, 0, 2, FATAL, description);
}
