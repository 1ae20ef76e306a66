/** Stands in for `passbolt` (go-passbolt-cli), with as much of its filter language as is asked for. */
import { args, fail, parse, print, state, usage } from "./stand-in.mjs";

const [one, two, ...more] = args;

if (args.join(" ") === "--version") print("passbolt version 0.3.2\n");
else if (args.join(" ") === "verify") {
  if (state.configured !== true) fail("Error: serverAddress is not defined");
  print("Server verified\n");
} else if (one === "list" && two === "folders") {
  const { options, rest } = parse(more, ["--filter"], ["--json"]);
  if (!options["--json"] || rest.length > 0) usage();
  const filter = /^Name == ("(?:[^"\\]|\\.)*") && FolderParentID == ("(?:[^"\\]|\\.)*")$/.exec(options["--filter"]);
  if (filter === null) fail("Error: parsing filter");
  const [name, parent] = [JSON.parse(filter[1]), JSON.parse(filter[2])];
  print(state.folders.filter((folder) => folder.name === name && folder.folder_parent_id === parent));
} else if (one === "list" && two === "resources") {
  const { options, rest } = parse(more, ["--filter", "--folder", "--column"], ["--json"]);
  if (!options["--json"] || rest.length > 0 || options["--column"]?.join() !== "name,password") usage();
  const names = options["--filter"].split(" || ").map((part) => JSON.parse(/^Name == (".*")$/.exec(part)[1]));
  const found = state.resources.filter(
    ({ name, folder }) => names.includes(name) && (options["--folder"] === undefined || folder === options["--folder"]),
  );
  print(found.map(({ name, password }) => ({ name, password })));
} else usage();
