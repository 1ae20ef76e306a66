/** Refuses a Node that cannot run this program, in words and syntax that an old one still understands. */

const OLDEST_MAJOR = 24;

/** @param {string} name what the person has started */
export function requireNode(name) {
  if (Number(process.versions.node.split(".")[0]) >= OLDEST_MAJOR) return;
  process.stderr.write(`${name}: needs Node ${OLDEST_MAJOR} or newer, this is ${process.version}\n`);
  process.exit(1);
}
