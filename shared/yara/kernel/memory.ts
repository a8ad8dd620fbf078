/**
 * The kernel's memory, from address 0 on. What lies before the input is scratch of one block; its sizes follow from
 * `BLOCK_BYTES`. The tables are copied in by the host, which also writes the header: where each table lies.
 *
 * ```
 * header | compress | what pairs met | lists of positions | pairs | hits | input with context on both sides | tables …
 * ```
 */

/** Positions of one block fit 16 bits; a multiple of every pass's step. */
export const BLOCK_BYTES: u32 = 16384;
/** Readable bytes before and behind a block. */
export const CONTEXT_BYTES: u32 = 320;

// Header: one word each. Addresses are absolute; a shift takes a 32-bit hash to a number of the table's bits or buckets.
export const PASSES: usize = 0;
export const GRAM_BITS: usize = 4;
export const GRAM_SHIFT: usize = 8;
export const EIGHT_BITS: usize = 12;
export const EIGHT_SHIFT: usize = 16;
export const SIX_BITS: usize = 20;
export const SIX_SHIFT: usize = 24;
export const FOUR_BITS: usize = 28;
export const FOUR_SHIFT: usize = 32;
export const PAIR_ENTRIES: usize = 36;
export const BYTE_GROUPS: usize = 40;
export const GROUP_STARTS: usize = 44;
export const GROUP_ITEMS: usize = 48;
export const BUCKET_STARTS: usize = 52;
export const BUCKET_SHIFT: usize = 56;
export const BUCKET_ITEMS: usize = 60;
export const NIBBLES: usize = 64;
export const NIBBLE_STARTS: usize = 68;
export const NIBBLE_ITEMS: usize = 72;
export const RECORDS: usize = 76;
export const PROBES: usize = 80;
export const PROBE_COUNT: usize = 84;
export const PIVOT_NUMBERS: usize = 88;
export const PIVOT_STARTS: usize = 92;
export const PIVOT_MASKS: usize = 96;
export const PIVOT_BITS: usize = 100;
export const PIVOT_SHIFT: usize = 104;
export const RUN_NUMBERS: usize = 108;
export const RUNS: usize = 112;
export const RUN_CLASSES: usize = 116;
// For the host alone.
export const PIVOT_COUNT: usize = 120;
export const RUN_COUNT: usize = 124;
export const RUN_CLASS_COUNT: usize = 128;

// Bits of PASSES.
export const PASS_EIGHT: u32 = 1;
export const PASS_SIX: u32 = 2;
export const PASS_FOUR: u32 = 4;
export const PASS_GROUPS: u32 = 8;
export const PASS_NIBBLES: u32 = 16;
export const PASS_PROBES: u32 = 32;
export const PASS_PIVOTS: u32 = 64;
export const PASS_RUNS: u32 = 128;

/** End of each stage's list, by stage. */
export const LIST_ENDS: usize = 512;
/** 64 bytes. */
export const SPARE: usize = 1024;

/** For each byte the numbers of its bits that are set, as eight 16-bit numbers. */
export const COMPRESS: usize = 0x1000;

/** 16 bytes for each 32 of a stretch: bits of the pair table that met. */
export const FOUND_PAIRS: usize = 0x2000;

export const EIGHT_LIST: usize = 0x02800;
export const SIX_FORWARD_LIST: usize = 0x05000;
export const SIX_BACKWARD_LIST: usize = 0x07800;
export const EVEN_LIST: usize = 0x0a000;
export const ODD_LIST: usize = 0x0f000;
export const GROUP_LIST: usize = 0x14000;
/** 32 bits each: the groups of `GROUP_LIST`'s positions. */
export const GROUP_MASKS: usize = 0x19000;
/** 32 bits each: position, and the buckets above it. Of nibbles or of probes, never both. */
export const NIBBLE_LIST: usize = 0x22000;
/** 16 bits each, in the upper half of the same place: positions before their buckets are known. */
export const NIBBLE_POSITIONS: usize = 0x2a000;

/** 16 bits each, twice as many as even positions: where a pivot stands. */
export const PIVOT_LIST: usize = 0x33000;
/** In the upper half of the same place: even positions at or behind which one may stand. */
export const PIVOT_POSITIONS: usize = 0x37000;

/** Eight bytes each: a pivot's position, and the hash of what one of its masks takes. */
export const MASKED_LIST: usize = 0x3c000;
/** Room for the masks of one pivot is left behind it. */
export const MASKED_FULL: usize = 0x3fe00;

/** Eight bytes each: position of the bytes to compare, and the item. */
export const PAIRS: usize = 0x40000;
export const PAIR_CAPACITY: u32 = 8192;
/** As the pairs; the item is the entry alone. */
export const HITS: usize = 0x51000;

export const BLOCK: usize = 0x62000;
/** Where the host puts the tables. */
export const TABLES: usize = 0x67000;
