/** Stands in for 1Password's `op`, version 2. */
import { args, ask, fail, parse, print, save, state, usage } from "./stand-in.mjs";

const [one, two, ...more] = args;
const isSignedIn = state.signedIn === true || process.env.OP_SESSION === state.session;

if (one === "--version" && two === undefined) print("2.31.1\n");
else if (one === "account" && two === "get") {
  const { options, rest } = parse(more, ["--account"]);
  if (rest.length > 0 || options["--account"] !== state.account)
    fail(`[ERROR] 2026/01/01 no account ${options["--account"]}`);
  if (!isSignedIn) fail("[ERROR] 2026/01/01 account is not signed in");
  print(`Name:  ${state.account}\n`);
} else if (one === "signin") {
  const { options } = parse(args.slice(1), ["--account"], ["--force", "--raw"]);
  if (!options["--force"] || !options["--raw"] || options["--account"] !== state.account) usage();
  if (state.desktop) {
    state.signedIn = true;
    save();
  } else {
    if ((await ask(`Enter the password for ${state.account}: `)) !== state.password)
      fail("[ERROR] 2026/01/01 Unauthorized");
    print(`${state.session}\n`);
  }
} else if (one === "item" && two === "get") {
  const { options, rest } = parse(more, ["--vault", "--format", "--account", "--fields"]);
  if (rest.length !== 1 || options["--format"] !== "json" || options["--account"] !== state.account) usage();
  if (!isSignedIn) fail("[ERROR] 2026/01/01 You are not currently signed in.");
  const [item] = rest;
  const vault = options["--vault"];
  const found = state.items[`${vault}/${item}`];
  if (found === undefined)
    fail(
      `[ERROR] 2026/01/01 "${item}" isn't an item in the "${vault}" vault. Specify the item with its UUID, name, or domain.`,
    );
  const fields = found.map((field) => ({
    id: field.label,
    type: "CONCEALED",
    reference: `op://${[vault, item, field.section?.label, field.label].filter(Boolean).join("/")}`,
    ...field,
  }));
  if (options["--fields"] === undefined) print({ id: "abc", title: item, category: "LOGIN", fields });
  else {
    const asked = options["--fields"].split(",").map((word) => {
      if (!word.startsWith("label=")) usage();
      const path = word.slice("label=".length);
      const field = fields.find(
        (each) => [each.section?.label, each.label].filter(Boolean).join(".") === path || each.label === path,
      );
      if (field === undefined && state.lenient !== true)
        fail(`[ERROR] 2026/01/01 "${path}" isn't a field in the "${item}" item.`);
      return field;
    });
    const there = asked.filter((field) => field !== undefined);
    print(there.length === 1 ? there[0] : there);
  }
} else usage();
