/**
 * Which patterns are worth looking for: those of rules that may still be true. Where a rule is settled as false its patterns
 * are dropped as soon as they are met, before anything is verified. Which are dropped follows from the settled rules alone.
 */
import {
  ATOM,
  ATOM_FIELDS,
  CHAIN,
  CHAIN_FIELDS,
  LITERAL,
  LITERAL_FIELDS,
  PATTERN,
  PATTERN_FIELDS,
  PIECE,
  PIECE_FIELDS,
  PROGRAM,
  PROGRAM_FIELDS,
  USER,
  USER_FIELDS,
  type RuleImage,
} from '../bundle/image.ts';
import { STATE } from './evaluator.ts';

/** A part of all rules that is not worth going over the entries for. */
const FEW = 1 / 32;

export class LivePatterns {
  readonly #image: RuleImage;
  /** 1 per pattern that is looked for. */
  readonly #patterns: Uint8Array;
  readonly #pieces: Uint8Array;
  /** 0 per entry of the filter, literals first and atoms behind them, that no one looks for; some of these may be 1. */
  readonly entries: Uint8Array;
  /** Is anything looked for? */
  isAny = true;
  /** Rules that were false at the last update, and when `entries` was written. */
  #falseCount = 0;
  #falseInEntries = 0;

  constructor(image: RuleImage) {
    this.#image = image;
    this.#patterns = new Uint8Array(image.patterns.length / PATTERN_FIELDS);
    this.#pieces = new Uint8Array(image.pieces.length / PIECE_FIELDS);
    this.entries = new Uint8Array(image.filterStarts.length);
    this.reset();
  }

  reset(): void {
    this.#patterns.fill(1);
    this.#pieces.fill(1);
    this.entries.fill(1);
    this.isAny = true;
    this.#falseCount = 0;
    this.#falseInEntries = 0;
  }

  /** `target`: a pattern, or `~piece` of a chain. */
  has(target: number): boolean {
    return (target < 0 ? this.#pieces[~target] : this.#patterns[target]) === 1;
  }

  /** `states`: one of `STATE` per rule. A rule that is false once stays so. Was `entries` written, where many have become false? */
  update(states: Uint8Array): boolean {
    let falseCount = 0;
    for (const state of states) if (state === STATE.false) falseCount++;
    if (falseCount === this.#falseCount) return false;
    this.#falseCount = falseCount;
    const { patterns, pieces, chains } = this.#image;
    let any = 0;
    for (let pattern = 0; pattern < this.#patterns.length; pattern++) {
      const rule = patterns[pattern * PATTERN_FIELDS + PATTERN.rule]!;
      any |= this.#patterns[pattern] = states[rule] === STATE.false ? 0 : 1;
    }
    this.isAny = any !== 0;
    for (let piece = 0; piece < this.#pieces.length; piece++) {
      const chain = pieces[piece * PIECE_FIELDS + PIECE.chain]!;
      this.#pieces[piece] = this.#patterns[chains[chain * CHAIN_FIELDS + CHAIN.pattern]!]!;
    }
    if (falseCount - this.#falseInEntries <= states.length * FEW) return false;
    this.#falseInEntries = falseCount;
    this.#updateEntries();
    return true;
  }

  #updateEntries(): void {
    const { literals, literalUsers, atoms, programs } = this.#image;
    const literalCount = literals.length / LITERAL_FIELDS;
    for (let literal = 0; literal < literalCount; literal++) {
      const row = literal * LITERAL_FIELDS;
      const first = literals[row + LITERAL.firstUser]!;
      const past = first + literals[row + LITERAL.userCount]!;
      let isLive = false;
      for (let user = first; user < past && !isLive; user++) {
        isLive = this.has(literalUsers[user * USER_FIELDS + USER.target]!);
      }
      this.entries[literal] = isLive ? 1 : 0;
    }
    for (let atom = 0; atom < atoms.length / ATOM_FIELDS; atom++) {
      const program = atoms[atom * ATOM_FIELDS + ATOM.program]!;
      this.entries[literalCount + atom] = this.has(programs[program * PROGRAM_FIELDS + PROGRAM.target]!) ? 1 : 0;
    }
  }
}
