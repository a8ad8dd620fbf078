/** Bounds of the front end. Each is met by a diagnostic (`E901` or the one named), never by an exception or by silence. */

/**
 * Nodes of a condition or of hex alternatives that stand in each other. A walk over a tree recurses this deep at most, so
 * that a walk with three large frames for each level stays within half of the usual stack of 1 MB.
 */
export const MAX_DEPTH = 500;

/** Arguments, indexes, ranges, sets and bodies of loops that stand in each other in a condition. */
export const MAX_NESTING = 250;

/** Parentheses that stand in each other in a condition. They leave no nodes, so there may be more of them. */
export const MAX_PARENTHESES = 3_000;

/** Groups, classes and repeats of a regex that stand in each other (`E014`), as in the reference. */
export const MAX_REGEX_DEPTH = 250;

/** Errors, and likewise warnings, that are listed for one source; more are counted only. */
export const MAX_LISTED_PER_SOURCE = 1_000;

/** Bytes of one source. Offsets stay far below 2^31. */
export const MAX_SOURCE_BYTES = 256 * 1024 * 1024;
