/**
 * The certificate table: which certificate a TLS client is shown for the name that it asks for, as plain JSON values.
 * Control builds a new one for every change and hands it over whole; nobody mutates one after that.
 */

export type CertificateTable = {
  readonly certificates: readonly ServedCertificate[];
  /**
   * Folded name, or `*.name` for one wild label → id of the certificate to show. An empty id: the name is served, but
   * there is no certificate for it (TLS is off, or none has been had yet), and no wildcard stands in.
   */
  readonly names: readonly (readonly [name: string, id: string])[];
  /** Id of the certificate for clients that name no host; empty: their handshake fails. */
  readonly defaultId: string;
  /** Names (`*.name`, or `""` for any) for which it may help to ask: a certificate can be had, but is not there yet. */
  readonly askable: readonly string[];
};

export type ServedCertificate = {
  /** Differs whenever chain or key differ. */
  readonly id: string;
  /** PEM, the leaf first. */
  readonly chain: string;
  /** PEM. */
  readonly privateKey: string;
  /** The names that the leaf is good for, folded; may hold wildcards. */
  readonly names: readonly string[];
};

export const NO_CERTIFICATES: CertificateTable = { certificates: [], names: [], defaultId: "", askable: [] };
