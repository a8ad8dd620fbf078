/**
 * What the engine can do so far, in the words that cases name their needs by. A case that needs anything else must be
 * refused at compile time with `E900`: nothing is ever read and then ignored. What is done is added here, and the suite
 * fails when a feature that is not listed works.
 */

export const supportedFeatures: ReadonlySet<string> = new Set([
  // patterns
  'text',
  'wide',
  'nocase',
  'fullword',
  'private-pattern',
  'xor',
  'base64',
  'hex',
  'hex-mask',
  'hex-fixed-jump',
  'hex-jump',
  'hex-alternative',
  'regex',
  'regex-extended',
  // what conditions ask of patterns
  'count',
  'count-in',
  'offset',
  'length',
  'at',
  'in',
  'of',
  'of-percent',
  'of-in',
  'of-at',
  'of-tuple',
  'for-of',
  // values and what is done with them
  'arithmetic',
  'bitwise',
  'float',
  'read-integer',
  'read-float',
  'defined',
  'for-in',
  'with',
  'text-value',
  'text-operator',
  'matches',
  'entrypoint',
  'externals',
  // modules
  'module-math',
  'module-hash',
  'module-string',
  'module-time',
  'module-console',
  'module-elf',
  'module-pe',
  // rules
  'rule-reference',
  'rule-set',
  'rule-wildcard',
  'private-rule',
  'global-rule',
  'import',
]);

/** Cases, by name, whose warning the engine does not give yet. It must not, or the entry goes. */
export const missingWarnings: ReadonlySet<string> = new Set([]);

const WARNING = 'warning:';

/** The features among `features` that the engine lacks. */
export function lackingFeatures(features: readonly string[]): string[] {
  return features.filter((feature) => !feature.startsWith(WARNING) && !supportedFeatures.has(feature));
}
