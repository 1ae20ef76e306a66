import * as app from "../../../cli/remote/app.ts";
import * as assets from "../../../cli/remote/app-assets.ts";
import * as exec from "../../../cli/remote/app-exec.ts";
import { logs } from "../../../cli/remote/app-logs.ts";
import * as errorPages from "../../../cli/remote/error-pages.ts";
import * as tlsFiles from "../../../cli/remote/tls-files.ts";
import { example, hostOf, roleOf } from "./example.ts";
import { sameLines } from "./same-lines.ts";

// Every line here is the original's, byte for byte; those that differ are in differences.test.ts.
const config = example();
const staging = example("", "st");
const web = roleOf(config);
const workers = roleOf(config, "workers");
const F = "--filter label=service=app --filter label=destination= --filter label=role=web";
const CURRENT =
  `/usr/bin/env sh -c 'docker ps --latest --quiet ${F} --filter status=running --filter status=restarting ` +
  `--filter ancestor=$(docker image ls --filter reference=ghcr.io/dhh/app:latest --format '\\''{{.ID}}'\\'') ; ` +
  `docker ps --latest --quiet ${F} --filter status=running --filter status=restarting' | head -1`;
const ID = "docker container ls --all --filter 'name=^app-web-123$' --quiet";

sameLines("app containers", [
  [
    "run",
    app.run(config, web, { version: "123", host: hostOf(web), hostname: "1.1.1.1-0123456789ab", exported: false }),
    "docker run --detach --restart unless-stopped --name app-web-123 --network kamal --hostname 1.1.1.1-0123456789ab " +
      '--env KAMAL_CONTAINER_NAME="app-web-123" --env KAMAL_VERSION="123" --env KAMAL_HOST="1.1.1.1" ' +
      '--env-file .kamal/apps/app/env/roles/web.env --log-opt max-size="10m" ' +
      '--label service="app" --label role="web" --label destination ghcr.io/dhh/app:123',
  ],
  [
    "run with everything",
    (() => {
      const full = example(
        [
          "asset_path: /public/assets:ro",
          'volumes: ["/a:/b", "$PWD/c:/d"]',
          'labels: { team: "a b" }',
          "env: { clear: { A: x y, B: $1 }, secret: [S] }",
          "logging: { driver: journald, options: { tag: t } }",
          "servers:",
          "  web: { hosts: [1.1.1.1], cmd: bin/jobs -x, options: { memory: 2g, init: true, add-host: [a, b], restart: always } }",
        ].join("\n"),
        "st",
      );
      return app.run(full, roleOf(full), { version: "123", host: hostOf(roleOf(full)), exported: false });
    })(),
    "docker run --detach --restart always --name app-web-st-123 --network kamal " +
      '--env KAMAL_CONTAINER_NAME="app-web-st-123" --env KAMAL_VERSION="123" --env KAMAL_HOST="1.1.1.1" --env KAMAL_DESTINATION="st" ' +
      '--env A="x y" --env B="\\$1" --env-file .kamal/apps/app-st/env/roles/web.env --log-driver "journald" --log-opt tag="t" ' +
      "--volume /a:/b --volume $PWD/c:/d --volume $PWD/.kamal/apps/app-st/assets/volumes/web-123:/public/assets:ro " +
      '--label service="app" --label role="web" --label destination="st" --label team="a b" ' +
      '--memory "2g" --init --add-host "a" --add-host "b" ghcr.io/dhh/app:123 bin/jobs -x',
  ],
  ["env directory", app.makeEnvDirectory(config), "/usr/bin/env mkdir -p .kamal/apps/app/env/roles"],
  ["start", app.start(config, web, "123"), "docker start app-web-123"],
  ["stop a version", app.stop(config, web, "123"), `${ID} | xargs docker stop`],
  [
    "stop a version of a role without proxy",
    app.stop(config, workers, "123"),
    "docker container ls --all --filter 'name=^app-workers-123$' --quiet | xargs docker stop -t 30",
  ],
  ["stop what runs", app.stop(config, web), `${CURRENT} | xargs docker stop`],
  [
    "rename",
    app.rename("app-web-123", "app-web-123_replaced_0123456789abcdef"),
    "docker rename app-web-123 app-web-123_replaced_0123456789abcdef",
  ],
  ["remove", app.remove(config, web, "123"), `${ID} | xargs docker container rm`],
  ["remove stopped", app.removeStopped(config, web), `docker container prune --force ${F}`],
  ["remove images", app.removeImages(config), "docker image prune --all --force --filter label=service=app"],
  ["remove directories", app.removeAppDirectory(config), "/usr/bin/env rm -r .kamal/apps/app"],
  [
    "remove directories of the proxy",
    app.removeProxyAppDirectory(staging),
    "/usr/bin/env rm -r .kamal/proxy/apps-config/app-st",
  ],
  ["id of a version", app.containerIdOfVersion(config, web, "123"), ID],
  ["current id", app.currentContainerId(config, web), CURRENT],
  [
    "current version",
    app.currentVersion(config, web),
    `${CURRENT.replaceAll("--latest --quiet", "--latest --format '\\''{{.Names}}'\\''")} | while read line; do echo \${line#app-web-}; done`,
  ],
  [
    "running versions",
    app.runningVersions(staging, roleOf(staging)),
    'docker ps --filter label=service=app --filter label=destination=st --filter label=role=web --format "{{.Names}}" | while read line; do echo ${line#app-web-st-}; done',
  ],
  ["details", app.details(config, web), `docker ps ${F}`],
  [
    "containers",
    app.containers(config),
    "docker container ls --all --filter label=service=app --filter label=destination=",
  ],
]);

const newContainer = { version: "123", command: "bin/rails c", hostEnv: hostOf(web).env, hex: "0a1b2c" } as const;

sameLines("exec and logs", [
  [
    "exec in the running one",
    exec.execInRunning(config, web, { version: "123", command: "ruby -v", env: { A: "b c" }, interactive: "terminal" }),
    'docker exec -it --env A="b c" app-web-123 ruby -v',
  ],
  [
    "exec in a new one",
    exec.execInNew(config, web, { ...newContainer, interactive: "stdin", env: { X: "1" } }),
    "docker run -i --rm --name app-web-exec-123-0a1b2c --network kamal --env-file .kamal/apps/app/env/roles/web.env " +
      '--env X="1" --log-opt max-size="10m" ghcr.io/dhh/app:123 bin/rails c',
  ],
  [
    "exec detached",
    exec.execInNew(config, web, { ...newContainer, detach: true }),
    "docker run --detach --name app-web-exec-123-0a1b2c --network kamal --env-file .kamal/apps/app/env/roles/web.env " +
      '--log-opt max-size="10m" ghcr.io/dhh/app:123 bin/rails c',
  ],
  ["logs", logs(config, web, {}), `${CURRENT} | xargs docker logs --timestamps 2>&1`],
  [
    "logs with everything",
    logs(config, web, { since: "10m", lines: 5, grep: "a b", grepOptions: "-A 3" }),
    `${CURRENT} | xargs docker logs --timestamps --since 10m --tail 5 2>&1 | grep 'a b' -A 3`,
  ],
  ["logs without timestamps", logs(config, web, { timestamps: false }), `${CURRENT} | xargs docker logs 2>&1`],
  [
    "logs of a container",
    logs(config, web, { containerId: "abc123" }),
    "/usr/bin/env sh -c 'echo abc123' | xargs docker logs --timestamps 2>&1",
  ],
  [
    "following",
    logs(config, web, { lines: 10, follow: true }),
    `${CURRENT} | xargs docker logs --timestamps --tail 10 --follow 2>&1`,
  ],
]);

const withAssets = example("asset_path: /public/assets");
const assetRole = roleOf(withAssets);
const A = ".kamal/apps/app/assets";

sameLines("assets, error pages, certificates", [
  [
    "extract",
    assets.extract(withAssets, assetRole, "123"),
    `/usr/bin/env mkdir -p ${A}/extracted/web-123 && docker container rm app-web-assets 2> /dev/null || true && docker container create --name app-web-assets ghcr.io/dhh/app:123 && docker container cp -L app-web-assets:/public/assets/. ${A}/extracted/web-123 && docker container rm app-web-assets`,
  ],
  [
    "sync the first time",
    assets.sync(withAssets, assetRole, "123", undefined).join("\n"),
    `/usr/bin/env mkdir -p ${A}/volumes/web-123\n/usr/bin/env cp -rnT ${A}/extracted/web-123 ${A}/volumes/web-123`,
  ],
  [
    "sync",
    assets.sync(withAssets, assetRole, "123", "122").slice(2).join("\n"),
    `/usr/bin/env cp -rnT ${A}/extracted/web-123 ${A}/volumes/web-122 || true\n/usr/bin/env cp -rnT ${A}/extracted/web-122 ${A}/volumes/web-123 || true`,
  ],
  [
    "clean",
    assets.clean(withAssets, assetRole, "123"),
    `/usr/bin/env find ${A}/extracted -maxdepth 1 -name 'web-*' ! -name web-123 -exec rm -rf "{}" + ; /usr/bin/env find ${A}/volumes -maxdepth 1 -name 'web-*' ! -name web-123 -exec rm -rf "{}" +`,
  ],
  [
    "clean error pages",
    errorPages.clean(config, "123"),
    "/usr/bin/env find .kamal/proxy/apps-config/app/error_pages -mindepth 1 -maxdepth 1 ! -name 123 -exec rm -rf {} +",
  ],
  [
    "certificates",
    tlsFiles.makeDirectory(config, { role: "web" }),
    "/usr/bin/env mkdir -p .kamal/proxy/apps-config/app/tls/web",
  ],
]);
