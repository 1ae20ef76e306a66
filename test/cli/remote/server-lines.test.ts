import * as accessory from "../../../cli/remote/accessory.ts";
import * as audit from "../../../cli/remote/audit.ts";
import * as image from "../../../cli/remote/image.ts";
import * as lock from "../../../cli/remote/lock.ts";
import * as proxy from "../../../cli/remote/proxy.ts";
import { deployFlags } from "../../../cli/remote/proxy-flags.ts";
import * as proxyRun from "../../../cli/remote/proxy-run.ts";
import * as prune from "../../../cli/remote/prune.ts";
import * as registry from "../../../cli/remote/registry.ts";
import * as server from "../../../cli/remote/server.ts";
import { accessoryOf, example, roleOf } from "./example.ts";
import { sameLines } from "./same-lines.ts";

// Every line here is the original's, byte for byte; those that differ are in differences.test.ts.
const config = example();
const staging = example("", "st");
const withRun = example(
  "proxy: { run: { http_port: 8080, bind_ips: [1.2.3.4], metrics_port: 9090, debug: true, options: { memory: 512m }, registry: r.io, repository: basecamp/kamal-proxy } }",
);
const CONTAINER =
  "--name kamal-proxy --network kamal --detach --restart unless-stopped --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy " +
  "--volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config";

function flagsOf(more: string, destination?: string): string {
  const written = example(more, destination);
  const role = roleOf(written);
  if (role.proxy === undefined) throw new Error("no proxy");
  const target = { containerId: "172.1.0.2", owner: { role: "web" }, version: "123", peers: [] };
  return proxy.deploy("app-web", deployFlags(written, role.proxy, target));
}

const DEPLOY = 'docker exec kamal-proxy kamal-proxy deploy app-web --target="172.1.0.2:';
const TIMEOUTS = '--deploy-timeout="30s" --drain-timeout="30s"';
const HEADERS =
  '--log-request-header="Cache-Control" --log-request-header="Last-Modified" --log-request-header="User-Agent"';

sameLines("proxy", [
  ["network", proxyRun.createNetwork(), "docker network create kamal"],
  ["directory", proxyRun.makeAppsConfigDirectory(), "/usr/bin/env mkdir -p .kamal/proxy/apps-config"],
  [
    "boot with proxy.run",
    proxyRun.boot(roleOf(withRun).proxy?.run),
    `docker container start kamal-proxy || docker run ${CONTAINER} --publish 1.2.3.4:8080:80 --publish 1.2.3.4:443:443 --log-opt max-size=10m ` +
      '--expose=9090 --memory "512m" r.io/basecamp/kamal-proxy:v0.9.2 kamal-proxy run --debug --metrics-port "9090"',
  ],
  ["start", proxyRun.startContainer(), "docker container start kamal-proxy"],
  ["stop", proxyRun.stopContainer(), "docker container stop kamal-proxy"],
  ["details", proxyRun.details(), "docker ps --filter 'name=^kamal-proxy$'"],
  [
    "remove container",
    proxyRun.removeContainer(),
    "docker container prune --force --filter label=org.opencontainers.image.title=kamal-proxy",
  ],
  [
    "remove image",
    proxyRun.removeImage(),
    "docker image prune --all --force --filter label=org.opencontainers.image.title=kamal-proxy",
  ],
  [
    "logs",
    proxyRun.logs({ since: "1h", lines: 100, grep: "P" }),
    "docker logs kamal-proxy --since 1h --tail 100 --timestamps 2>&1 | grep 'P'",
  ],
  [
    "following",
    proxyRun.logs({ lines: 10, follow: true }),
    "docker logs kamal-proxy --timestamps --tail 10 --follow 2>&1",
  ],
  ["apps", proxyRun.countApps(), "/usr/bin/env ls .kamal/apps | wc -l"],
  ["remove directory", proxyRun.removeDirectory(), "/usr/bin/env rm -r .kamal/proxy"],
  ["stop traefik", proxyRun.removeTraefik()[0], "docker container stop traefik"],
  [
    "remove traefik",
    proxyRun.removeTraefik()[1],
    "docker container prune --force --filter label=org.opencontainers.image.title=Traefik && docker image prune --all --force --filter label=org.opencontainers.image.title=Traefik",
  ],
  ["remove a service", proxy.remove("app-web"), "docker exec kamal-proxy kamal-proxy remove app-web"],
  ["live", proxy.live("app-web"), "docker exec kamal-proxy kamal-proxy resume app-web"],
  [
    "maintenance",
    proxy.maintenance("app-web", { drainTimeoutSeconds: 30, message: "Back soon" }),
    'docker exec kamal-proxy kamal-proxy stop app-web --drain-timeout="30s" --message="Back soon"',
  ],
  ["deploy, bare", flagsOf(""), `${DEPLOY}80" ${TIMEOUTS} --buffer-requests --buffer-responses ${HEADERS}`],
  [
    "deploy, the reference's example",
    flagsOf("proxy: { host: example.com, ssl: true }\nservers: [1.1.1.1]"),
    `${DEPLOY}80" --host="example.com" --tls ${TIMEOUTS} --buffer-requests --buffer-responses ${HEADERS}`,
  ],
  [
    "deploy with everything",
    flagsOf(
      [
        "error_pages_path: public",
        "deploy_timeout: 60",
        "proxy:",
        "  hosts: [a.example.com, b.example.com]",
        "  app_port: 3000",
        "  ssl: { certificate_pem: C, private_key_pem: K }",
        "  ssl_redirect: false",
        "  forward_headers: true",
        "  response_timeout: 5",
        "  path_prefixes: [/a, /b]",
        "  strip_path_prefix: false",
        "  healthcheck: { interval: 2, timeout: 3, path: /health }",
        "  buffering: { requests: false, max_request_body: 4, max_response_body: 5, memory: 6 }",
        "  logging: { request_headers: [X-A], response_headers: [X-B, X-C] }",
      ].join("\n"),
      "st",
    ),
    `${DEPLOY}3000" --host="a.example.com" --host="b.example.com" --tls ` +
      '--tls-certificate-path="/home/kamal-proxy/.apps-config/app-st/tls/web/cert.pem" --tls-private-key-path="/home/kamal-proxy/.apps-config/app-st/tls/web/key.pem" ' +
      '--deploy-timeout="60s" --drain-timeout="30s" --health-check-interval="2s" --health-check-timeout="3s" --health-check-path="/health" ' +
      '--target-timeout="5s" --buffer-requests="false" --buffer-responses --buffer-memory="6" --max-request-body="4" --max-response-body="5" ' +
      '--path-prefix="/a" --path-prefix="/b" --strip-path-prefix="false" --forward-headers --tls-redirect="false" ' +
      '--log-request-header="X-A" --log-response-header="X-B" --log-response-header="X-C" ' +
      '--error-pages="/home/kamal-proxy/.apps-config/app-st/error_pages/123"',
  ],
]);

const withAccessory = example(
  [
    "accessories:",
    "  mysql:",
    "    image: mysql:8",
    "    host: 1.1.1.5",
    "    port: 127.0.0.1:3306:3306",
    "    cmd: mysqld --x",
    "    labels: { a: b }",
    "    options: { cpus: 2 }",
    "    env: { MYSQL_ROOT_HOST: '%' }",
    "    volumes: [named:/v]",
    "    files: ['config/my.cnf:/etc/mysql/my.cnf:ro', { local: a.sql, remote: /a.sql, owner: 'mysql:mysql' }]",
    "    directories: ['data:/var/lib/mysql', { local: /abs, remote: /x, mode: '700', owner: root }]",
  ].join("\n"),
);
const mysql = accessoryOf(withAccessory, "mysql");

sameLines("accessories", [
  [
    "run",
    accessory.run(withAccessory, mysql, "1.1.1.5", false),
    'docker run --name app-mysql --detach --restart unless-stopped --network kamal --log-opt max-size="10m" --publish 127.0.0.1:3306:3306 ' +
      '--env KAMAL_HOST="1.1.1.5" --env MYSQL_ROOT_HOST="%" --env-file .kamal/apps/app/env/accessories/mysql.env ' +
      "--volume named:/v --volume $PWD/app-mysql/etc/mysql/my.cnf:/etc/mysql/my.cnf:ro --volume $PWD/app-mysql/a.sql:/a.sql " +
      '--volume $PWD/app-mysql/data:/var/lib/mysql --volume /abs:/x --label service="app-mysql" --label a="b" --cpus "2" mysql:8 mysqld --x',
  ],
  ["env directory", accessory.makeEnvDirectory(config), "/usr/bin/env mkdir -p .kamal/apps/app/env/accessories"],
  [
    "directories",
    accessory.makeDirectories(mysql).join("\n"),
    "/usr/bin/env mkdir -p $PWD/app-mysql/data\n/usr/bin/env mkdir -p /abs\n/usr/bin/env chmod 700 /abs\n/usr/bin/env chown root /abs",
  ],
  [
    "files",
    accessory
      .files(mysql)
      .flatMap((file) => [file.before, `> ${file.local} ${file.remote}`, ...file.after])
      .join("\n"),
    "/usr/bin/env mkdir -p app-mysql/etc/mysql\n> config/my.cnf app-mysql/etc/mysql/my.cnf\n/usr/bin/env chmod 755 app-mysql/etc/mysql/my.cnf\n" +
      "/usr/bin/env mkdir -p app-mysql\n> a.sql app-mysql/a.sql\n/usr/bin/env chmod 755 app-mysql/a.sql\n/usr/bin/env chown mysql:mysql app-mysql/a.sql",
  ],
  ["exists", accessory.exists(mysql), "docker ps -a -q --filter label=service=app-mysql"],
  ["start", accessory.start(mysql), "docker container start app-mysql"],
  ["stop", accessory.stop(mysql), "docker container stop app-mysql"],
  ["pull", accessory.pullImage(mysql), "docker image pull mysql:8"],
  ["details", accessory.details(mysql), "docker ps --filter label=service=app-mysql"],
  [
    "remove container",
    accessory.removeContainer(mysql),
    "docker container prune --force --filter label=service=app-mysql",
  ],
  ["remove image", accessory.removeImage(mysql), "docker image rm --force mysql:8"],
  ["remove directory", accessory.removeServiceDirectory(mysql), "/usr/bin/env rm -rf app-mysql"],
  ["target", accessory.runningContainerId(mysql), "docker container ls --filter 'name=^app-mysql$' --quiet"],
  [
    "exec in the running one",
    accessory.execInRunning(mysql, { command: "mysql -u root", interactive: "terminal" }),
    "docker exec -it app-mysql mysql -u root",
  ],
  [
    "exec in a new one",
    accessory.execInNew(withAccessory, mysql, { command: "mysql", interactive: "terminal" }),
    'docker run -it --rm --network kamal --env MYSQL_ROOT_HOST="%" --env-file .kamal/apps/app/env/accessories/mysql.env ' +
      "--volume named:/v --volume $PWD/app-mysql/etc/mysql/my.cnf:/etc/mysql/my.cnf:ro --volume $PWD/app-mysql/a.sql:/a.sql " +
      '--volume $PWD/app-mysql/data:/var/lib/mysql --volume /abs:/x --cpus "2" mysql:8 mysql',
  ],
  [
    "logs",
    accessory.logs(mysql, { lines: 100, grep: "P", grepOptions: "-i" }),
    "docker logs app-mysql --tail 100 --timestamps 2>&1 | grep 'P' -i",
  ],
  [
    "following",
    accessory.logs(mysql, { lines: 10, follow: true }),
    "docker logs app-mysql --timestamps --tail 10 --follow 2>&1",
  ],
]);

const details = { by: "Ann", at: "2026-01-01T00:00:00Z", version: "123", message: "Automatic deploy lock" };
const BASE64 =
  "TG9ja2VkIGJ5OiBBbm4gYXQgMjAyNi0wMS0wMVQwMDowMDowMFoKVmVyc2lv\nbjogMTIzCk1lc3NhZ2U6IEF1dG9tYXRpYyBkZXBsb3kgbG9jaw==";

sameLines("lock, audit, registry, images, prune, server", [
  [
    "lock",
    lock.acquire(config, details),
    `/usr/bin/env mkdir .kamal/lock-app && echo "${BASE64}" > .kamal/lock-app/details`,
  ],
  ["unlock", lock.release(staging), "/usr/bin/env rm .kamal/lock-app-st/details && rm -r .kamal/lock-app-st"],
  [
    "audit",
    audit.record(staging, { time: "2026-01-01T00:00:00Z", performer: "ann", role: "web", message: 'Booted "x"' }),
    '/usr/bin/env mkdir -p .kamal && echo "[2026-01-01T00:00:00Z] [ann] [st] [web] Booted \\"x\\"" >> .kamal/app-st-audit.log',
  ],
  ["audit, read", audit.read(config), "/usr/bin/env tail -n 50 .kamal/app-audit.log"],
  ["logout", registry.logout({ server: "ghcr.io" }), "docker logout ghcr.io"],
  ["logout of Docker Hub", registry.logout({ server: undefined }), "docker logout"],
  [
    "local registry",
    registry.startLocalRegistry(5555),
    "docker start kamal-docker-registry || docker run --detach -p 127.0.0.1:5555:5000 --name kamal-docker-registry registry:3",
  ],
  [
    "remove local registry",
    registry.removeLocalRegistry(),
    "docker stop kamal-docker-registry && docker rm kamal-docker-registry",
  ],
  ["pull", image.pull(config, "123"), "docker pull ghcr.io/dhh/app:123"],
  [
    "label check",
    image.checkLabel(config, "123"),
    "docker inspect -f '{{ .Config.Labels.service }}' ghcr.io/dhh/app:123 | grep -x app || (echo \"Image ghcr.io/dhh/app:123 is missing the 'service' label\" && exit 1)",
  ],
  ["tag", image.tagAsLatest(staging, "123"), "docker tag ghcr.io/dhh/app:123 ghcr.io/dhh/app:latest-st"],
  ["images", image.list(config), "docker image ls ghcr.io/dhh/app"],
  [
    "prune dangling images",
    prune.removeDanglingImages(config),
    "docker image prune --force --filter label=service=app",
  ],
  [
    "prune unused images",
    prune.removeUnusedImages(config),
    "docker image ls --filter label=service=app --format '{{.ID}} {{.Repository}}:{{.Tag}}' | grep -v -w \"$(docker container ls -a --format '{{.Image}}\\|' --filter label=service=app | tr -d '\\n')ghcr.io/dhh/app:latest\\|ghcr.io/dhh/app:<none>\" | while read image tag; do docker rmi $tag; done",
  ],
  ["docker there", server.isDockerInstalled(), "docker -v"],
  ["may install", server.mayInstallDocker(), '[ "${EUID:-$(id -u)}" -eq 0 ] || sudo -nl usermod >/dev/null'],
  [
    "install",
    server.installDocker(),
    "/usr/bin/env sh -c 'curl -fsSL https://get.docker.com || wget -O - https://get.docker.com || echo \"exit 1\"' | sh",
  ],
  ["root", server.isRoot(), '[ "${EUID:-$(id -u)}" -eq 0 ]'],
  ["in group", server.isInDockerGroup(), 'id -nG "${USER:-$(id -un)}" | grep -qw docker'],
  ["add to group", server.addToDockerGroup(), 'sudo -n usermod -aG docker "${USER:-$(id -un)}"'],
  ["end session", server.endSession(), "kill -HUP $PPID"],
  ["run directory", server.makeRunDirectory(), "/usr/bin/env mkdir -p .kamal"],
  ["exec one word", server.exec("uptime"), "/usr/bin/env uptime"],
  ["exec a line", server.exec("date; uptime"), "date; uptime"],
]);
