/** Bounds of the front end. Each is met by a diagnostic (`E901`), never by an exception or by silence. */

/** How deep expressions, hex alternatives and regex groups may nest. Walks over the tree recurse this deep at most. */
export const MAX_DEPTH = 1_000;
