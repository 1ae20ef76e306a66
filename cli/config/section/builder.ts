/** `builder`: how the image is built. Config-schema §7. */
import { argument, line, secretName, word } from "../value-syntax.ts";
import { buildArgs } from "./options.ts";
import { boolean, choice, key, list, requiredKey, section, text } from "./types.ts";

const architectures = choice(
  [list(text(word)).min(1, { error: "Builder arch not set" }), text(word)],
  "should be a string or an array",
  (input) => (Array.isArray(input) ? 0 : typeof input === "object" ? undefined : 1),
);

const cache = section({
  type: key(
    text((type) => (type === "gha" || type === "registry" ? undefined : `invalid cache type: ${type}`)),
    "gha for the cache of GitHub's runners, or registry.",
    "registry",
  ),
  options: key(text(line), "Options of the cache exporter, as buildx takes them.", "mode=max"),
  image: key(
    text(argument),
    "Image that holds a registry cache; <image>-build-cache unless given.",
    "acme/shop-build-cache",
  ),
});

const pack = section({
  builder: key(text(argument), "Image of the builder.", "heroku/builder:24"),
  buildpacks: key(list(text(argument)), "Buildpacks to use.", ["heroku/ruby", "heroku/procfile"]),
});

const provenance = choice([boolean(), text(line)], "should be a string or a boolean", (input) =>
  typeof input === "boolean" ? 0 : typeof input === "object" ? undefined : 1,
);

export const builder = section({
  arch: requiredKey(
    architectures,
    "Architecture of the servers, amd64 or arm64; several make one image for all.",
    "amd64",
  ),
  remote: key(
    text(argument),
    "Docker engine that builds for the architectures this machine lacks.",
    "ssh://root@builder.example.com",
  ),
  local: key(
    boolean(),
    "Build on this machine where its architecture fits; false always builds at the remote one.",
    true,
  ),
  context: key(text(argument), "Directory to build. Without it, a clean clone of the commit is built.", "."),
  dockerfile: key(text(argument), "The Dockerfile.", "Dockerfile"),
  target: key(text(word), "Stage of the Dockerfile to build.", "production"),
  args: key(buildArgs(), "Build arguments. They stay visible in the image: secrets belong below.", {
    RUBY_VERSION: "3.4",
  }),
  secrets: key(list(text(secretName)), "Names of secrets that the build may mount.", ["GITHUB_TOKEN"]),
  ssh: key(text(argument), "SSH agent or keys for the build.", "default=$SSH_AUTH_SOCK"),
  cache: key(cache, "Where layers are kept between builds."),
  driver: key(text(argument), "Driver of buildx: docker-container, docker, or cloud ORG/BUILDER.", "docker-container"),
  provenance: key(provenance, "Provenance attestation: a boolean, or what buildx takes.", "mode=max"),
  sbom: key(boolean(), "Attach a list of the image's contents.", false),
  pack: key(pack, "Build with Cloud Native Buildpacks rather than a Dockerfile; for one architecture only."),
}).superRefine((value, context) => {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", message, path: [path], input: value });
  if (value.local === false && value.remote === undefined)
    refuse("local", "local builds are switched off and no remote is set");
  if (value.pack !== undefined && Array.isArray(value.arch) && value.arch.length > 1)
    refuse("pack", "buildpacks make images for one arch only");
});
