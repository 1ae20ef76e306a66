/** Every bound of reading a configuration, by name and unit: a hostile or broken file ends in an error, not in a hang. */

export const CONFIG_LIMITS = {
  /** One configuration file, before and after its template is rendered, bytes. */
  maxFileBytes: 1024 * 1024,
  /** Lists and maps inside one another. */
  maxDepth: 64,
  /** Values in one file once its aliases are expanded: the end of an alias bomb. */
  maxValues: 100_000,
  /** Template tags in one file. */
  maxTemplateTags: 1_000,
  /** Parentheses, defaults and interpolations inside one another in one template tag. */
  maxExpressionDepth: 20,
};
