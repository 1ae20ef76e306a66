/** One certificate table, made ready for look-ups: a folded name → the certificate for it, or what can be done about it. */
import type { CertificateTable, ServedCertificate } from "./certificate-table.ts";
import { wildcardOf } from "./server-name.ts";

/** What stands in for a certificate: `askable` if one may be had, `unknown` if nobody is to be troubled. */
export type Missing = "askable" | "unknown";

export class CertificateDirectory {
  readonly #certificates: ReadonlyMap<string, ServedCertificate>;
  readonly #names: ReadonlyMap<string, string>;
  readonly #askable: ReadonlySet<string>;
  readonly #defaultId: string;

  constructor(table: CertificateTable) {
    this.#certificates = new Map(table.certificates.map((certificate) => [certificate.id, certificate]));
    this.#names = new Map(table.names);
    this.#askable = new Set(table.askable);
    this.#defaultId = table.defaultId;
  }

  /** For clients that name no host; undefined when there is none for them. */
  get default(): ServedCertificate | undefined {
    return this.#certificates.get(this.#defaultId);
  }

  has(id: string): boolean {
    return this.#certificates.has(id);
  }

  /** The certificate of `name` itself, else of its wildcard; where the name is listed without one, none stands in. */
  find(name: string): ServedCertificate | Missing {
    const id = this.#names.get(name) ?? this.#names.get(wildcardOf(name)) ?? "";
    return this.#certificates.get(id) ?? (this.#mayAsk(name) ? "askable" : "unknown");
  }

  #mayAsk(name: string): boolean {
    return this.#askable.has(name) || this.#askable.has(wildcardOf(name)) || this.#askable.has("");
  }
}

/** Tells for which hosts a certificate with `names` is good; a wild label stands for exactly one (RFC 6125 §6.4.3). */
export function coverageOf(names: readonly string[]): (host: string) => boolean {
  const covered = new Set(names);
  return (host) => covered.has(host) || (host.includes(".") && covered.has(wildcardOf(host)));
}
