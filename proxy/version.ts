/** Which kdeploy-proxy this is, as in package.json, which images and bundles do not carry; a test compares the two. */
export const VERSION = "0.1.0";
