/** What a proxy says of its services, as JSON or, from the original, as a table → routes. */

export type Route = {
  readonly service: string;
  /** Empty for any host. */
  readonly hosts: readonly string[];
  readonly paths: readonly string[];
  /** Addresses, `ID:PORT`; those that take reads only left out. */
  readonly targets: readonly string[];
  readonly state: string;
  readonly tls: boolean;
  /** Of kdeploy's proxy: all that it was told. */
  readonly options: Options | undefined;
};

type Options = {
  readonly service: Readonly<Record<string, unknown>>;
  readonly target: Readonly<Record<string, unknown>>;
};

/** @returns undefined for an answer that is neither */
export function parseRoutes(text: string): readonly Route[] | undefined {
  return text.trimStart().startsWith("{") ? routesIn(text) : rowsIn(text);
}

type Listed = {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly pathPrefixes: readonly string[];
  readonly state: string;
  readonly tls: boolean;
  readonly targets: readonly { readonly address: string; readonly role: string }[];
  readonly options: Options;
};

function routesIn(text: string): readonly Route[] | undefined {
  try {
    const { services } = JSON.parse(text) as { readonly services: readonly Listed[] };
    return services.map(({ name, hosts, pathPrefixes, state, targets, tls, options }) => ({
      service: name,
      hosts: hosts.filter((host) => host !== ""),
      paths: pathPrefixes,
      targets: targets.filter(({ role }) => role !== "reader").map(({ address }) => address),
      state,
      tls,
      options,
    }));
  } catch {
    return undefined;
  }
}

/** Columns have two blanks between them; nothing but the name may be empty. */
function rowsIn(text: string): readonly Route[] | undefined {
  const lines = text.replace(/\u001b\[[0-9;]*m/g, "").split("\n");
  const [head = "", ...rows] = lines;
  if (!/^Service\s+Host\s/.test(head)) return undefined;
  return rows.flatMap((row) => {
    const [service, hosts, paths, targets, state, tls] = row.trimEnd().split(/ {2,}/);
    if (service === undefined || tls === undefined) return [];
    return [
      {
        service,
        hosts: hosts === "*" ? [] : listed(hosts),
        paths: listed(paths),
        targets: listed(targets),
        state: state ?? "",
        tls: tls === "yes",
        options: undefined,
      },
    ];
  });
}

function listed(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((one) => one !== "");
}
