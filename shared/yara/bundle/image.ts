/**
 * The image: everything the compiler makes, as named sections of typed arrays. There are no objects and no closures in it,
 * so encoding is a copy and decoding a view. Whoever reads a table goes through the field numbers below.
 *
 * Text is interned: a string id indexes `stringOffsets`, whose entries cut `stringBytes`.
 */

/** Every section with its element type. The order is the order in the bundle. */
export const sectionTypes = {
  /** One entry more than there are strings. */
  stringOffsets: Uint32Array,
  stringBytes: Uint8Array,
  /** `RULE_FIELDS` numbers per rule, in the order of declaration. */
  rules: Int32Array,
  /** String ids; a rule's tags stand together. */
  tags: Int32Array,
  /** `META_FIELDS` numbers per entry; a rule's entries stand together. */
  metas: Int32Array,
  /** `PATTERN_FIELDS` numbers per pattern; a rule's patterns stand together. */
  patterns: Int32Array,
  /** `LITERAL_FIELDS` numbers per distinct literal. */
  literals: Int32Array,
  /** Values of literals, and masks and negations of those that have them. */
  literalBytes: Uint8Array,
  /** `USER_FIELDS` numbers per use of a literal; the users of one literal stand together. */
  literalUsers: Int32Array,
  /** `BASE64_FIELDS` numbers per encoded form of a text. */
  base64Forms: Int32Array,
  /** `PROGRAM_FIELDS` numbers per program. */
  programs: Int32Array,
  /** Codes of shapes (compiler/shape-code.ts), those of programs and of regexes in conditions. */
  shapes: Uint8Array,
  /** One entry more than there are shapes: cuts `shapes`. */
  shapeOffsets: Uint32Array,
  /** Eight words per set of bytes that shapes name. */
  byteSets: Uint32Array,
  /** `ATOM_FIELDS` numbers per atom. */
  atoms: Int32Array,
  /** Guards of atoms (bundle/guard-code.ts). */
  guards: Uint8Array,
  /** `CHAIN_FIELDS` numbers per chain. */
  chains: Int32Array,
  /** `PIECE_FIELDS` numbers per piece of a chain; a chain's pieces stand together. Gaps may exceed 32 bits. */
  pieces: Float64Array,
  /** `FILTER_FIELDS` numbers: where the filter's tables lie in `filterTables` (bundle/filter-layout.ts). */
  filterHeader: Int32Array,
  /** Ready to be copied into the kernel's memory. */
  filterTables: Uint8Array,
  /** For each literal, and behind them for each atom: the first of its bytes that the filter compares. */
  filterStarts: Int32Array,
  /** Pattern and rule indices of `of` sets. */
  sets: Int32Array,
  code: Int32Array,
  /** String ids of what code names in modules: a module, a field, or a function as `functionLink` writes it. */
  links: Int32Array,
  /** Shape of each regex in a condition. */
  regexes: Int32Array,
  integers: BigInt64Array,
  floats: Float64Array,
  /** `EXTERNAL_FIELDS` numbers per external. */
  externals: Int32Array,
  /** `DIAGNOSTIC_FIELDS` numbers per warning or skipped rule's error. */
  diagnostics: Int32Array,
  /** `SCALAR` numbers. */
  scalars: Int32Array,
} as const;

export type SectionName = keyof typeof sectionTypes;
export type RuleImage = { readonly [Name in SectionName]: ArrayOf<(typeof sectionTypes)[Name]> };

type ArrayOf<Constructor> = Constructor extends Uint8ArrayConstructor
  ? Uint8Array
  : Constructor extends Int32ArrayConstructor
    ? Int32Array
    : Constructor extends Uint32ArrayConstructor
      ? Uint32Array
      : Constructor extends BigInt64ArrayConstructor
        ? BigInt64Array
        : Float64Array;

export const RULE = {
  name: 0,
  namespace: 1,
  firstTag: 2,
  tagCount: 3,
  firstMeta: 4,
  metaCount: 5,
  firstPattern: 6,
  patternCount: 7,
  codeStart: 8,
  codeEnd: 9,
  flags: 10,
} as const;
export const RULE_FIELDS = 11;

export const RULE_FLAG = {
  private: 1,
  global: 2,
  /** False on every object in which none of its patterns matches. */
  needsMatch: 4,
  readsFilesize: 8,
  /** Reads integers at constant offsets below `HEAD_BYTES` only. */
  readsHead: 16,
  readsPages: 32,
  /** Does something besides having a value, so it is evaluated once, at the end, whatever is known before. */
  hasEffect: 64,
  /** Computes over ranges of the object. */
  readsRanges: 128,
} as const;

/** From this bit on: the kinds (`RANGE_KINDS`) that the rule is certain to ask over the whole object. */
export const RULE_RANGE_SHIFT = 8;

/** How far from the start a constant read may lie to count as a read of the head. */
export const HEAD_BYTES = 4096;

export const META = { name: 0, type: 1, value: 2 } as const;
export const META_FIELDS = 3;
/** `value` is: a string id · a string id of bytes that are not UTF-8 · an index into `integers` · into `floats` · 0 or 1. */
export const META_TYPE = { text: 0, bytes: 1, integer: 2, float: 3, boolean: 4 } as const;

/** `anchor` is an index into `floats`: matches at other offsets do not count; −1 where all do. */
export const PATTERN = { identifier: 0, kind: 1, flags: 2, rule: 3, anchor: 4 } as const;
export const PATTERN_FIELDS = 5;
export const PATTERN_KINDS = ['text', 'hex', 'regex'] as const;
export const PATTERN_FLAG = {
  private: 1,
  /** A condition asks for its count. */
  needsCount: 2,
  /** A condition asks where it matches. */
  needsOffsets: 4,
  /** Its matches are found long after their start, and not in order: it has a chain. */
  late: 8,
} as const;

/** `value`, `mask`, `negation` are offsets into `literalBytes`; −1 where every byte is plain, or none is negated. */
export const LITERAL = { value: 0, length: 1, mask: 2, negation: 3, firstUser: 4, userCount: 5 } as const;
export const LITERAL_FIELDS = 6;

/** `target` is a pattern, or `~piece` of a chain. `detail` is a number of `base64Forms` or the xor key, as the flags say. */
export const USER = { target: 0, flags: 1, detail: 2, rank: 3 } as const;
export const USER_FIELDS = 4;
export const USER_FLAG = {
  fullword: 1,
  /** Its neighbours are two-byte units. */
  wide: 2,
  xor: 4,
  base64: 8,
  /** The first, or last, piece of a chain with `fullword`: only that side counts. */
  leftAlone: 16,
  rightAlone: 32,
} as const;

/**
 * `plain` and `alphabet` are string ids. `padding`: bytes before the text in its first group of three. `unit`: bytes of data
 * per character, 2 for `base64wide`.
 */
export const BASE64 = { plain: 0, alphabet: 1, padding: 2, unit: 3 } as const;
export const BASE64_FIELDS = 4;

/**
 * `target`, `flags`, `rank` as for users. Lengths in bytes, `maxLength` −1 when it is run in blocks. A program without
 * atoms runs everywhere.
 */
export const PROGRAM = {
  target: 0,
  flags: 1,
  rank: 2,
  minLength: 3,
  maxLength: 4,
  shape: 5,
  hasAtoms: 6,
} as const;
export const PROGRAM_FIELDS = 7;

/** Bytes from a match's start to the atom; −1 when beyond the reach. `guard` is an offset in `guards`. */
export const ATOM = { program: 0, minBefore: 1, maxBefore: 2, guard: 3 } as const;
export const ATOM_FIELDS = 4;

export const CHAIN = { pattern: 0, firstPiece: 1, pieceCount: 2, isGreedy: 3 } as const;
export const CHAIN_FIELDS = 4;

/** The gap before the piece; `maxGap` Infinity where it has no end. */
export const PIECE = { chain: 0, minGap: 1, maxGap: 2 } as const;
export const PIECE_FIELDS = 3;

export const EXTERNAL = { name: 0, type: 1, value: 2 } as const;
export const EXTERNAL_FIELDS = 3;
/** `value` is as in `META_TYPE`, text being a string id whatever its bytes. */
export const EXTERNAL_TYPE = { text: 0, integer: 2, float: 3, boolean: 4 } as const;

export const EXTERNAL_TYPE_NAMES = {
  [EXTERNAL_TYPE.text]: 'text',
  [EXTERNAL_TYPE.integer]: 'integer',
  [EXTERNAL_TYPE.float]: 'float',
  [EXTERNAL_TYPE.boolean]: 'boolean',
} as const;

/** `context` is 0 for a warning, 1 for an error of a rule that was left out; `text` is the diagnostic as JSON. */
export const DIAGNOSTIC = { context: 0, text: 1 } as const;
export const DIAGNOSTIC_FIELDS = 2;

export const SCALAR = {
  /** Bytes before a candidate's position that its literals may begin at, two bytes of context included. */
  leftReach: 0,
  /** Bytes from a candidate's position to its literals' ends, two bytes of context included. */
  rightReach: 1,
  /** 1 when a condition reads the object anywhere. */
  readsPages: 2,
} as const;
export const SCALAR_COUNT = 3;

/**
 * How far a program without a longest match follows one: starts in a block of that many bytes, aligned in the object, are
 * followed this far beyond the block's end. So the bound of a match lies between one and two of them, and depends on
 * nothing but its place.
 */
export const REACH = 4096;

export function stringBytesOf(image: RuleImage, id: number): Uint8Array {
  return image.stringBytes.subarray(image.stringOffsets[id], image.stringOffsets[id + 1]);
}

export function shapeCodeOf(image: RuleImage, shape: number): Uint8Array {
  return image.shapes.subarray(image.shapeOffsets[shape], image.shapeOffsets[shape + 1]);
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

export function textOf(image: RuleImage, id: number): string {
  return utf8.decode(stringBytesOf(image, id));
}
