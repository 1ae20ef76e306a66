/** What the password managers of the tests hold: ready to be asked, each with a request, what it gives, and the calls it takes. */
import type { Question } from "./ask.ts";

/** What shells, env files and JSON are known to spoil. */
export const ODD = `it's "odd" \\ \\n $HOME \${x} \`id\` $(id) #x !&;|<>*?[]{}~%é🦊 end`;
export const LINES = "-----BEGIN KEY-----\nabc\\def\n\n\tindented\n-----END KEY-----\n";

const id = "be8e0ad8-d545-4017-a55a-b02f014d4158";

export const OP = {
  account: "acme",
  signedIn: true,
  password: "master",
  session: "sentinel-op-session",
  items: {
    "Vault/App": [
      { label: "password", value: "op-password" },
      { label: "ODD", value: ODD },
      { label: "KEY", value: LINES, section: { id: "s1", label: "prod" } },
      { label: "EMPTY" },
    ],
    "Vault/Other": [{ label: "TOKEN", value: "op-token" }],
    "My Vault/Odd, Item": [{ label: "a b", value: "op-odd", reference: "op://zz1/zz2/zz3" }],
  },
};
export const LPASS = {
  loggedIn: "me@acme.example",
  password: "master",
  entries: [
    { id: "1", name: "ODD", fullname: "Folder/ODD", password: ODD },
    { id: "2", name: "KEY", fullname: "KEY", password: LINES },
  ],
};
export const BW = {
  loggedIn: "me@acme.example",
  password: "master",
  session: "sentinel-bw-session",
  items: {
    Login: { login: { username: "u", password: ODD, totp: null }, fields: [{ name: "KEY", value: LINES, type: 1 }] },
    Note: {
      fields: [
        { name: "A", value: "note-a", type: 0 },
        { name: "B", value: "note-b", type: 1 },
        { name: "linked", value: null, type: 3, linkedId: 100 },
      ],
    },
    Bare: { login: null },
  },
};
export const BWS = {
  token: "sentinel-bws-token",
  secrets: [
    { id, key: "ODD", value: ODD, projectId: "p" },
    { id: "2", key: "KEY", value: LINES, projectId: "q" },
  ],
};
export const AWS = {
  profile: "prod",
  secrets: [
    {
      ARN: "arn:aws:secretsmanager:eu-west-1:1:secret:app/db-AbCdEf",
      Name: "app/db",
      SecretString: JSON.stringify({ PASSWORD: ODD, PORT: 5432 }).replace("5432", "12345678901234567890"),
    },
    { ARN: "arn:aws:secretsmanager:eu-west-1:1:secret:app/key-AbCdEf", Name: "app/key", SecretString: LINES },
    { ARN: "arn:bin", Name: "app/binary", SecretBinary: Buffer.from("bytes é").toString("base64") },
    { ARN: "arn:list", Name: "app/list", SecretString: '["a"]' },
    { ARN: "arn:image", Name: "app/image", SecretBinary: Buffer.of(0xff, 0xd8).toString("base64") },
  ],
};
export const GCLOUD = {
  accounts: ["me@acme.example"],
  project: "set-up",
  secrets: {
    "set-up/ODD/latest": ODD,
    "acme/KEY/7": LINES,
    "acme/SHARP/latest": "??>>~~",
    "acme/IMAGE/latest": { base64: "/9j/" },
  },
};
export const DOPPLER = {
  loggedIn: true,
  scope: "app/prod",
  configs: { "app/prod": { ODD, KEY: LINES, RESTRICTED: null }, "app/dev": { ODD: "doppler-dev" } },
};
export const ENPASS = {
  vault: "/vaults/my vault",
  password: "sentinel-master",
  cards: [
    { title: "App", label: "ODD", password: ODD },
    { title: "App", label: "KEY", password: LINES },
    { title: "App two", label: "ODD", password: "enpass-other" },
    { title: "Twice", label: "X", password: "1" },
    { title: "Twice", label: "X", password: "2" },
  ],
};
export const PASSBOLT = {
  configured: true,
  folders: [
    { id: "f1", name: "app", folder_parent_id: "" },
    { id: "f2", name: "prod", folder_parent_id: "f1" },
    { id: "f3", name: "prod", folder_parent_id: "" },
  ],
  resources: [
    { name: "ODD", password: ODD, folder: "f2" },
    { name: "KEY", password: LINES, folder: "f1" },
    { name: "KEY", password: "passbolt-other", folder: "f3" },
    { name: 'q"uote', password: "passbolt-quote", folder: "" },
  ],
};

export type Example = readonly [string, Question, Readonly<Record<string, string>>, readonly string[]];

/** Title, request, values by name, calls. */
export const EXAMPLES: readonly Example[] = [
  [
    "1password: fields of an item, in a section and not",
    { adapter: "1password", account: "acme", from: "Vault/App", names: ["ODD", "prod/KEY"], states: { op: OP } },
    { "Vault/App/ODD": ODD, "Vault/App/prod/KEY": LINES },
    [
      "op account get --account acme",
      "op item get App --vault Vault --format json --account acme --fields label=ODD,label=prod.KEY",
    ],
  ],
  [
    "1password: items of a vault by reference, and the password where no field is named",
    {
      adapter: "1password",
      account: "acme",
      names: ["op://Vault/App", "op://Vault/Other/TOKEN"],
      states: { op: OP },
    },
    { "Vault/App": "op-password", "Vault/Other/TOKEN": "op-token" },
    [
      "op account get --account acme",
      "op item get App --vault Vault --format json --account acme --fields label=password",
      "op item get Other --vault Vault --format json --account acme --fields label=TOKEN",
    ],
  ],
  [
    "1password: all fields that have a value",
    { adapter: "OnePassword", account: "acme", from: "op://Vault/App", states: { op: OP } },
    { "Vault/App": "op-password", "Vault/App/ODD": ODD, "Vault/App/prod/KEY": LINES },
    ["op account get --account acme", "op item get App --vault Vault --format json --account acme"],
  ],
  [
    "1password: names with blanks and commas, found by name though their reference is made of ids",
    { adapter: "1password", account: "acme", from: "My Vault", names: ["Odd, Item/a b"], states: { op: OP } },
    { "zz1/zz2/zz3": "op-odd", "My Vault/Odd, Item/a b": "op-odd" },
    [
      "op account get --account acme",
      "op item get Odd, Item --vault My Vault --format json --account acme --fields label=a b",
    ],
  ],
  [
    "lastpass",
    { adapter: "lastpass", account: "me@acme.example", names: ["Folder/ODD", "2"], states: { lpass: LPASS } },
    { "Folder/ODD": ODD, KEY: LINES },
    ["lpass status --color never", "lpass show Folder/ODD 2 --json"],
  ],
  [
    "lastpass: a folder",
    { adapter: "last_pass", account: "me@acme.example", from: "Folder/", names: ["ODD"], states: { lpass: LPASS } },
    { "Folder/ODD": ODD },
    ["lpass status --color never", "lpass show Folder/ODD --json"],
  ],
  [
    "bitwarden: a login, its field, and all fields of a note; one call for each item",
    {
      adapter: "bitwarden",
      account: "me@acme.example",
      names: ["Login", "Login/KEY", "Note"],
      states: { bw: BW },
      env: { BW_SESSION: BW.session },
    },
    { Login: ODD, "Login/KEY": LINES, "Note/A": "note-a", "Note/B": "note-b" },
    ["bw status", "bw sync", "bw get item Login", "bw get item Note"],
  ],
  [
    "bitwarden: fields of an item",
    {
      adapter: "bitwarden",
      account: "me@acme.example",
      from: "Note",
      names: ["A"],
      states: { bw: BW },
      env: { BW_SESSION: BW.session },
    },
    { "Note/A": "note-a" },
    ["bw status", "bw sync", "bw get item Note"],
  ],
  [
    "bitwarden-sm: by id",
    {
      adapter: "bitwarden-sm",
      names: [id],
      states: { bws: BWS },
      env: { BWS_ACCESS_TOKEN: BWS.token },
    },
    { ODD },
    ["bws project list", `bws secret get ${id}`],
  ],
  [
    "bitwarden-sm: all",
    { adapter: "bitwarden_sm", names: ["all"], states: { bws: BWS }, env: { BWS_ACCESS_TOKEN: BWS.token } },
    { ODD, KEY: LINES },
    ["bws project list", "bws secret list"],
  ],
  [
    "bitwarden-sm: all of a project",
    { adapter: "BitwardenSecretsManager", from: "q", states: { bws: BWS }, env: { BWS_ACCESS_TOKEN: BWS.token } },
    { KEY: LINES },
    ["bws project list", "bws secret list q"],
  ],
  [
    "aws_secrets_manager: values of a JSON object, text, and text among bytes, with a profile",
    {
      adapter: "aws_secrets_manager",
      account: "prod",
      from: "app",
      names: ["db", "key", "binary", "list"],
      states: { aws: AWS },
    },
    {
      "app/db/PASSWORD": ODD,
      "app/db/PORT": "12345678901234567890",
      "app/key": LINES,
      "app/binary": "bytes é",
      "app/list": '["a"]',
    },
    [
      "aws secretsmanager batch-get-secret-value --secret-id-list app/db app/key app/binary app/list --profile prod --output json",
    ],
  ],
  [
    "aws_secrets_manager: by ARN, without a profile",
    {
      adapter: "AwsSecretsManager",
      names: ["arn:aws:secretsmanager:eu-west-1:1:secret:app/key-AbCdEf"],
      states: { aws: { ...AWS, profile: undefined } },
    },
    { "app/key": LINES },
    [
      "aws secretsmanager batch-get-secret-value --secret-id-list arn:aws:secretsmanager:eu-west-1:1:secret:app/key-AbCdEf --output json",
    ],
  ],
  [
    "gcp: what gcloud is set up with",
    { adapter: "gcp", account: "default", names: ["ODD"], states: { gcloud: GCLOUD } },
    { "default/ODD": ODD },
    ["gcloud auth list --format=json", "gcloud secrets versions access latest --secret=ODD --format=json"],
  ],
  [
    "gcp: a project, a version, an account, and service accounts to impersonate",
    {
      adapter: "gcp_secret_manager",
      account: "me@acme.example|sa@acme.example,other@acme.example",
      from: "acme",
      names: ["KEY/7"],
      states: { gcloud: GCLOUD },
    },
    { "acme/KEY": LINES },
    [
      "gcloud auth list --format=json",
      "gcloud secrets versions access 7 --secret=KEY --project=acme --account=me@acme.example --impersonate-service-account=sa@acme.example,other@acme.example --format=json",
    ],
  ],
  [
    "gcp: base64 as URLs have it",
    { adapter: "gcp", account: "default", names: ["acme/SHARP"], states: { gcloud: GCLOUD } },
    { "acme/SHARP": "??>>~~" },
    [
      "gcloud auth list --format=json",
      "gcloud secrets versions access latest --secret=SHARP --project=acme --format=json",
    ],
  ],
  [
    "doppler: one call for each config",
    {
      adapter: "doppler",
      names: ["app/prod/ODD", "app/prod/KEY"],
      states: { doppler: DOPPLER },
    },
    { ODD, KEY: LINES },
    ["doppler me --json", "doppler secrets get ODD KEY --json -p app -c prod"],
  ],
  [
    "doppler: a service token is for one config, which is not named",
    {
      adapter: "doppler",
      from: "app/prod",
      names: ["ODD"],
      states: { doppler: { ...DOPPLER, loggedIn: false } },
      env: { DOPPLER_TOKEN: "dp.st.prod.sentinel" },
    },
    { ODD },
    ["doppler me --json", "doppler secrets get ODD --json"],
  ],
  [
    "doppler: what the directory is set up with",
    { adapter: "doppler", names: ["ODD"], states: { doppler: { ...DOPPLER, setup: "app/dev" } } },
    { ODD: "doppler-dev" },
    ["doppler me --json", "doppler secrets get ODD --json"],
  ],
  [
    "enpass: an item, and not the one whose title only contains its own",
    {
      adapter: "enpass",
      from: ENPASS.vault,
      names: ["App"],
      states: { "enpass-cli": ENPASS },
      env: { MASTERPW: ENPASS.password },
    },
    { "App/ODD": ODD, "App/KEY": LINES },
    [`enpass-cli -json -vault ${ENPASS.vault} show App`],
  ],
  [
    "enpass: fields; one call for each title",
    {
      adapter: "enpass",
      from: ENPASS.vault,
      names: ["App/KEY", "App two/ODD"],
      states: { "enpass-cli": ENPASS },
      env: { MASTERPW: ENPASS.password },
    },
    { "App/KEY": LINES, "App two/ODD": "enpass-other" },
    [`enpass-cli -json -vault ${ENPASS.vault} show App App two`],
  ],
  [
    "passbolt: in folders, in a folder of a folder, and in none",
    { adapter: "passbolt", names: ["app/prod/ODD", "app/KEY", 'q"uote'], states: { passbolt: PASSBOLT } },
    { ODD, KEY: LINES, 'q"uote': "passbolt-quote" },
    [
      "passbolt verify",
      'passbolt list folders --filter Name == "app" && FolderParentID == "" --json',
      'passbolt list folders --filter Name == "prod" && FolderParentID == "f1" --json',
      'passbolt list resources --filter Name == "ODD" --folder f2 --column name --column password --json',
      'passbolt list folders --filter Name == "app" && FolderParentID == "" --json',
      'passbolt list resources --filter Name == "KEY" --folder f1 --column name --column password --json',
      'passbolt list resources --filter Name == "q\\"uote" --column name --column password --json',
    ],
  ],
  [
    "passbolt: the same name in two folders keeps its folder",
    { adapter: "passbolt", names: ["app/KEY", "prod/KEY"], states: { passbolt: PASSBOLT } },
    { "app/KEY": LINES, "prod/KEY": "passbolt-other" },
    [
      "passbolt verify",
      'passbolt list folders --filter Name == "app" && FolderParentID == "" --json',
      'passbolt list resources --filter Name == "KEY" --folder f1 --column name --column password --json',
      'passbolt list folders --filter Name == "prod" && FolderParentID == "" --json',
      'passbolt list resources --filter Name == "KEY" --folder f3 --column name --column password --json',
    ],
  ],
  [
    "test: names backwards",
    { adapter: "test", account: "any", from: "folder", names: ["ABC", "é🦊"] },
    { "folder/ABC": "CBA/redlof", "folder/é🦊": "🦊é/redlof" },
    [],
  ],
];
