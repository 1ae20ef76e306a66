/** What `kdeploy init` writes: a first configuration, a secrets file, sample hooks. Paths relative to the project. */

export type NewFile = {
  readonly path: string;
  readonly mode: number;
  readonly content: () => Promise<string> | string;
};

export const SCHEMA_PATH = ".kamal/deploy.schema.json";
export const HOOKS_PATH = ".kamal/hooks";

const DEPLOY_YML = `# yaml-language-server: $schema=../${SCHEMA_PATH}
# kdeploy docs explains every key, kdeploy check tells what is wrong, kdeploy config shows what it comes to.

# Name of the app: containers and directories on the servers bear it.
service: my-app

# Name of its image, without the registry.
image: my-user/my-app

# Where it runs. More roles: kdeploy docs servers.
servers:
  web:
    - 192.168.0.1
  # job:
  #   hosts:
  #     - 192.168.0.1
  #   cmd: bin/jobs

# How requests reach it. Certificates are obtained for the host by themselves.
proxy:
  ssl: true
  host: app.example.com
  # The port that the app listens on in its container.
  # app_port: 3000
  # healthcheck:
  #   path: /up

# Where images are pushed and pulled. This one runs on this machine, and servers reach it over SSH.
registry:
  server: localhost:5555
  # For another one:
  # server: ghcr.io
  # username: my-user
  # password:
  #   - KAMAL_REGISTRY_PASSWORD

builder:
  # Of the servers; amd64 or arm64.
  arch: amd64

# Variables of the containers. Secrets stand in .kamal/secrets.
# env:
#   clear:
#     DB_HOST: 192.168.0.2
#   secret:
#     - SECRET_KEY_BASE

# Words of your own: kdeploy console.
# aliases:
#   console: app exec --interactive --reuse "bin/console"

# ssh:
#   user: app

# Containers beside the app.
# accessories:
#   db:
#     image: postgres:17
#     host: 192.168.0.2
#     # On the server itself only; the app reaches it as my-app-db:5432.
#     port: "127.0.0.1:5432:5432"
#     env:
#       secret:
#         - POSTGRES_PASSWORD
#     directories:
#       - data:/var/lib/postgresql/data
`;

const SECRETS = `# Secrets by name, for deploy.yml. This file may be committed as long as it holds no values itself: take them from the
# environment, or from a password manager.

# KAMAL_REGISTRY_PASSWORD=$KAMAL_REGISTRY_PASSWORD
# SECRET_KEY_BASE=$(cat config/secret.key)

# One question to a password manager for several secrets:
# SECRETS=$(kdeploy secrets fetch --adapter 1password --account my-account --from Vault/Item KAMAL_REGISTRY_PASSWORD)
# KAMAL_REGISTRY_PASSWORD=$(kdeploy secrets extract KAMAL_REGISTRY_PASSWORD $SECRETS)
`;

const HOOKS: Readonly<Record<string, string>> = {
  "docker-setup": "after the servers were prepared for Docker",
  "pre-connect": "before the first server is reached",
  "pre-build": "before the image is built; a failure stops the deploy",
  "pre-deploy": "before servers are changed; a failure stops the deploy",
  "post-deploy": "after a deploy, a redeploy or a rollback; KAMAL_RUNTIME has its seconds",
  "deploy-failed": "after one of them has failed; KAMAL_ERROR_CODE and KAMAL_ERROR say why",
  "pre-app-boot": "before the app is started on a group of hosts, KAMAL_HOSTS",
  "post-app-boot": "after the app was started on a group of hosts, KAMAL_HOSTS",
  "pre-proxy-reboot": "before the proxy is restarted on KAMAL_HOSTS",
  "post-proxy-reboot": "after the proxy was restarted on KAMAL_HOSTS",
  "pre-accessory-upgrade": "before accessory KAMAL_ACCESSORY is upgraded on KAMAL_HOSTS; a failure keeps it as it is",
  "post-accessory-upgrade": "after accessory KAMAL_ACCESSORY was upgraded on KAMAL_HOSTS",
};

const BACKUP = `#!/bin/sh
# Runs on this machine for kdeploy accessory backup NAME: saves a Postgres database to backups/.
# Remove .sample from its name to have it run.
#
# Set here: KAMAL_ACCESSORY, KAMAL_HOSTS, KAMAL_SERVICE, KAMAL_DESTINATION where it was given, and every secret.
set -eu
umask 077

mkdir -p backups
file=backups/$KAMAL_ACCESSORY-$(date -u +%Y%m%dT%H%M%SZ).sql
kdeploy accessory exec "$KAMAL_ACCESSORY" --reuse --raw --skip-hooks \\
  --hosts "\${KAMAL_HOSTS%%,*}" \${KAMAL_DESTINATION:+--destination "$KAMAL_DESTINATION"} \\
  -- "sh -c 'pg_dump --clean --if-exists --username \\"\\\${POSTGRES_USER:-postgres}\\" \\"\\\${POSTGRES_DB:-\\\${POSTGRES_USER:-postgres}}\\"'" >"$file.part"
mv "$file.part" "$file"
echo "saved $file"
`;

const RESTORE = `#!/bin/sh
# Runs on this machine for kdeploy accessory restore NAME FILE: gives a Postgres database what accessory-backup has saved.
# Remove .sample from its name to have it run.
#
# Set here: KAMAL_ACCESSORY, KAMAL_BACKUP_FILE, KAMAL_HOSTS, KAMAL_SERVICE, KAMAL_DESTINATION where it was given, and
# every secret.
set -eu

# All of it, or nothing.
kdeploy accessory exec "$KAMAL_ACCESSORY" --reuse --interactive --skip-hooks \\
  --hosts "\${KAMAL_HOSTS%%,*}" \${KAMAL_DESTINATION:+--destination "$KAMAL_DESTINATION"} \\
  -- "sh -c 'psql --quiet --single-transaction --set ON_ERROR_STOP=1 --username \\"\\\${POSTGRES_USER:-postgres}\\" \\"\\\${POSTGRES_DB:-\\\${POSTGRES_USER:-postgres}}\\"'" \\
  <"$KAMAL_BACKUP_FILE" >/dev/null
echo "restored $KAMAL_BACKUP_FILE"
`;

function hook(name: string, when: string): string {
  return `#!/bin/sh
# Runs on this machine ${when}.
# Remove .sample from its name to have it run.
#
# Set here: KAMAL_RECORDED_AT, KAMAL_PERFORMER, KAMAL_VERSION, KAMAL_SERVICE_VERSION, KAMAL_SERVICE, KAMAL_HOSTS,
# KAMAL_COMMAND, KAMAL_SUBCOMMAND, and KAMAL_ROLES and KAMAL_DESTINATION where they were given.

echo "${name}: $KAMAL_PERFORMER, $KAMAL_SERVICE_VERSION"
`;
}

export const CONFIG_FILES: readonly NewFile[] = [
  { path: "config/deploy.yml", mode: 0o644, content: () => DEPLOY_YML },
  { path: ".kamal/secrets", mode: 0o600, content: () => SECRETS },
];

export const SCHEMA_FILE: NewFile = {
  path: SCHEMA_PATH,
  mode: 0o644,
  content: async () => {
    const { configJsonSchema } = await import("../config/json-schema.ts");
    return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
  },
};

const HOOK_TEXTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(HOOKS).map(([name, when]) => [name, hook(name, when)])),
  "accessory-backup": BACKUP,
  "accessory-restore": RESTORE,
};

export const HOOK_FILES: readonly NewFile[] = Object.entries(HOOK_TEXTS).map(([name, text]) => ({
  path: `${HOOKS_PATH}/${name}.sample`,
  mode: 0o755,
  content: () => text,
}));
