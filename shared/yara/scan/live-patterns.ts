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
  PATTERN_FIELDS,
  PIECE,
  PIECE_FIELDS,
  PROGRAM,
  PROGRAM_FIELDS,
  RULE,
  RULE_FIELDS,
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
  /** 1 per rule that was false at the last update, and their number then and when `entries` was written. */
  readonly #isFalse: Uint8Array;
  #falseCount = 0;
  #falseInEntries = 0;

  constructor(image: RuleImage) {
    this.#image = image;
    this.#isFalse = new Uint8Array(image.rules.length / RULE_FIELDS);
    this.#patterns = new Uint8Array(image.patterns.length / PATTERN_FIELDS);
    this.#pieces = new Uint8Array(image.pieces.length / PIECE_FIELDS);
    this.entries = new Uint8Array(image.filterStarts.length);
    this.reset();
  }

  reset(): void {
    this.#isFalse.fill(0);
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
    const before = this.#falseCount;
    for (let rule = 0; rule < states.length; rule++) {
      if (states[rule] !== STATE.false || this.#isFalse[rule] === 1) continue;
      this.#isFalse[rule] = 1;
      this.#falseCount++;
      this.#drop(rule);
    }
    if (this.#falseCount === before) return false;
    this.isAny = this.#patterns.includes(1);
    const { pieces, chains } = this.#image;
    for (let piece = 0; piece < this.#pieces.length; piece++) {
      const chain = pieces[piece * PIECE_FIELDS + PIECE.chain]!;
      this.#pieces[piece] = this.#patterns[chains[chain * CHAIN_FIELDS + CHAIN.pattern]!]!;
    }
    if (this.#falseCount - this.#falseInEntries <= states.length * FEW) return false;
    this.#falseInEntries = this.#falseCount;
    this.#updateEntries();
    return true;
  }

  #drop(rule: number): void {
    const { rules } = this.#image;
    const first = rules[rule * RULE_FIELDS + RULE.firstPattern]!;
    this.#patterns.fill(0, first, first + rules[rule * RULE_FIELDS + RULE.patternCount]!);
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
