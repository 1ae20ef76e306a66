/** Which kdeploy this is, as in package.json, which bundles do not carry; a test compares the two. */
export const VERSION = "0.1.0";
