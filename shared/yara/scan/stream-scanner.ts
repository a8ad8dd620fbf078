/**
 * Scans one object after another: `write` its bytes in order, then `end`. `Matching` finds what patterns match; conditions are
 * evaluated when the stream ends, and along the way to learn which rules are settled already. Memory is the rules, the window, held
 * pages and the bounds in `ScanLimits`, whatever the object's size.
 */
import { SCALAR } from '../bundle/image.ts';
import { hasRuleFlag, loaded, type LoadedRules } from '../bundle/loaded-rules.ts';
import type { CompiledRules } from '../compiler/compiled-rules.ts';
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { decideRules } from './decide.ts';
import { Evaluator, STATE, type Evidence } from './evaluator.ts';
import { Matching } from './matching.ts';
import { Pages } from './pages.ts';
import { Profile } from './profile.ts';
import { Ranges } from './ranges.ts';
import { reportMatches, reportUndecided } from './report.ts';
import { applyGlobals, RuleStates } from './rule-states.ts';
import { SourceError, type ScanOptions, type ScanResult } from './scan-result.ts';
import { readScanOptions, type ScanSettings } from './settings.ts';
import { WholeObject } from './whole-object.ts';
import { PIECE_BYTES } from './window.ts';

/** Bytes gathered before they are looked at; well below what the window has room for. */
const LOOK_BYTES = 1 << 14;
/**
 * Rules are looked at along the way when this much has passed, and after each further `SETTLE_EVERY` bytes. The places are
 * fixed, so what is spent on it never depends on chunks. An object that ends before is sooner scanned than its rules settled.
 */
const FIRST_SETTLING = 1 << 16;
const SETTLE_EVERY = 1 << 20;
/** Gates are not worth passing, nor patterns worth dropping, for fewer bytes. */
const WORTH_GATES = 1 << 18;

export class StreamScanner {
  readonly #rules: LoadedRules;
  readonly #matching: Matching;
  readonly #states: RuleStates;
  #settings: ScanSettings;
  #pages: Pages;
  #ranges: Ranges;
  readonly #whole = new WholeObject();
  #evaluator: Evaluator;
  /** Seconds since 1970 when the scan began. */
  #now = currentTime();
  #position = 0;
  #nextSettling = FIRST_SETTLING;
  #isSettled = false;
  #isEnded = false;
  #evaluations = 0;
  #bytesNotMatched = 0;
  #reasons: ReadonlyMap<number, string> = new Map();
  #profile: Profile | undefined;

  constructor(rules: CompiledRules, options: ScanOptions = {}) {
    this.#rules = loaded(rules);
    const { image } = this.#rules;
    this.#settings = readScanOptions(image, options);
    this.#matching = new Matching(this.#rules, this.#settings);
    this.#states = new RuleStates(image, this.#rules.lists);
    this.#pages = this.#makePages();
    this.#ranges = new Ranges(this.#pages);
    this.#evaluator = this.#makeEvaluator();
    this.#beginProfile();
    this.#beginWhole();
  }

  /** Offset of the next byte to write. */
  get position(): number {
    return this.#position;
  }

  /**
   * Rules of which the rest of the object could still teach something: those not settled, and those that match and have
   * matches to report. At 0 the rest need not be read; `end` accepts that in an evidence report.
   */
  get undecidedRules(): number {
    return this.#isSettled ? 0 : this.#states.open;
  }

  /**
   * Takes the next bytes of the object; they are copied, or done with, when it returns. After an abort it does nothing, and
   * `end` says why. Throws a SourceError for more bytes than the size that was promised.
   */
  write(chunk: Uint8Array): void {
    if (this.#isEnded) throw new Error('write after end: call reset first');
    if (this.#settings.abortSignal?.aborted === true) return;
    const { size } = this.#settings;
    if (size !== undefined && this.#position + chunk.length > size) {
      throw new SourceError(`the object has more than the ${size} bytes it was said to have`);
    }
    let observed = 0;
    for (let done = 0; done < chunk.length;) {
      const count = this.#matching.append(chunk, done, Math.min(PIECE_BYTES, this.#nextSettling - this.#position));
      this.#whole.update(chunk, done, count);
      done += count;
      this.#position += count;
      // Only conditions read what is held, so most of it need not be copied.
      if (done === chunk.length || this.#position === this.#nextSettling) {
        this.#pages.observe(chunk, observed, done - observed, this.#position - (done - observed));
        observed = done;
      }
      if (this.#isSettled) this.#skip(count);
      else if (this.#isWorthALook()) this.#matching.look(false);
      if (this.#position === this.#nextSettling) this.#settleAlongTheWay();
    }
    this.#matching.release();
  }

  /**
   * The result, once every byte was written. Rejects with a SourceError when the stream was shorter than `size` (unless
   * nothing was left to learn), and with the signal's reason after an abort.
   */
  async end(): Promise<ScanResult> {
    if (this.#isEnded) throw new Error('end was called before: call reset first');
    this.#settings.abortSignal?.throwIfAborted();
    const { size, report } = this.#settings;
    const unread = size === undefined ? 0 : size - this.#position;
    if (unread > 0 && !(this.#isSettled && report === 'evidence')) {
      throw new SourceError(`the object ended after ${this.#position} of ${size ?? 0} bytes`);
    }
    this.#isEnded = true;
    if (!this.#isSettled) {
      this.#matching.look(true);
      this.#pages.size = this.#position;
      this.#whole.finish(this.#ranges, this.#position);
    }
    await this.#decide();
    return this.#resultOf(this.#states.values, unread, true);
  }

  /**
   * What is certain already of an object whose scan is not going to end, after an abort or a failed read: rules that match
   * whatever the rest holds, with those of their matches that were found. No count is exact, nothing is called undecided, and
   * which rules are among them may depend on chunks. Nothing is read, and the scan can go on.
   */
  resultSoFar(): ScanResult {
    if (!this.#isEnded && !this.#isSettled) this.#matching.look(false);
    const values = this.#states.values.slice();
    const { steps } = this.#evaluator;
    const evidence = { ...this.#evidence(false), ruleStates: values };
    values.forEach((state, rule) => {
      if (state !== STATE.unknown || hasRuleFlag(this.#rules.image, rule, 'hasEffect')) return;
      const learnt = this.#evaluator.evaluate(rule, evidence);
      if (learnt === STATE.true || learnt === STATE.false) values[rule] = learnt;
    });
    this.#evaluator.steps = steps;
    applyGlobals(this.#rules.image, this.#rules.lists, values);
    return this.#resultOf(values, (this.#settings.size ?? this.#position) - this.#position, false);
  }

  /**
   * The state between two writes, to go on from with `resumeScanner`: what is held of the object, never more than the
   * bounds of the scan.
   */
  checkpoint(): Uint8Array {
    if (this.#isEnded) throw new Error('a scan that has ended has no checkpoint');
    const state = {
      position: this.#position,
      nextSettling: this.#nextSettling,
      ...this.#matching.save(),
      pages: this.#pages.save(),
      ruleStates: this.#states.values,
      patternsSeen: this.#states.patternsSeen,
      isSettled: this.#isSettled,
      evaluationSteps: this.#evaluator.steps,
      whole: this.#whole.save(),
      now: this.#now,
    };
    return encodeCheckpoint(state, this.#rules, this.#settings);
  }

  /** As new, for another object: same rules, other options. */
  reset(options: ScanOptions = {}): void {
    this.#settings = readScanOptions(this.#rules.image, options);
    this.#matching.reset(this.#settings);
    this.#states.reset();
    this.#pages = this.#makePages();
    this.#ranges = new Ranges(this.#pages);
    this.#evaluator = this.#makeEvaluator();
    this.#now = currentTime();
    this.#position = 0;
    this.#nextSettling = FIRST_SETTLING;
    this.#isSettled = false;
    this.#isEnded = false;
    this.#evaluations = 0;
    this.#bytesNotMatched = 0;
    this.#reasons = new Map();
    this.#beginProfile();
    this.#beginWhole();
  }

  /** For `resumeScanner`. Throws a CheckpointError for a checkpoint of other rules, another format or another object. */
  restore(checkpoint: Uint8Array): void {
    const state = decodeCheckpoint(checkpoint, this.#rules, this.#settings);
    this.#position = state.position;
    this.#matching.restore(state, state.position);
    if (!this.#whole.restore(state.whole)) throw new CheckpointError('its digests contradict themselves');
    this.#now = state.now;
    this.#pages.restore(state.pages, state.position);
    this.#states.restore(state.ruleStates, state.patternsSeen, state.nextSettling > FIRST_SETTLING);
    this.#evaluator.steps = state.evaluationSteps;
    this.#isSettled = state.isSettled;
    this.#nextSettling = state.nextSettling;
    this.#narrow();
  }

  /** For `startScannerAt`. */
  startAt(position: number): void {
    this.#position = position;
    this.#matching.startAt(position);
    this.#pages.startAt(position);
    this.#nextSettling = position < FIRST_SETTLING ? FIRST_SETTLING : nextSettlingBehind(position);
  }

  #beginProfile(): void {
    this.#profile = this.#settings.profile ? new Profile(this.#rules.image) : undefined;
    this.#matching.profile = this.#profile;
  }

  #makePages(): Pages {
    const { readAt, limits, size } = this.#settings;
    const pages = new Pages(this.#rules.image.scalars[SCALAR.readsPages] === 1, readAt, limits);
    pages.size = size;
    return pages;
  }

  #makeEvaluator(): Evaluator {
    const { limits, size } = this.#settings;
    return new Evaluator(this.#rules.image, limits.evaluationSteps, { pages: this.#pages, size, isFinal: false });
  }

  /**
   * Sets up what is computed over all of the object. Rules that are decided before the first byte, as by `filesize < 1MB`,
   * are settled and ask for nothing; without the size none is.
   */
  #beginWhole(): void {
    const { image, lists } = this.#rules;
    let mask = 0;
    for (const { rule, kinds } of lists.ranged) {
      if ((mask | kinds) === mask) continue;
      const isEarly = this.#settings.size !== undefined && !hasRuleFlag(image, rule, 'hasEffect');
      const state = isEarly ? this.#evaluate(rule, false) : STATE.undecided;
      if (state === STATE.undecided) mask |= kinds;
      else this.#states.settle(rule, state);
    }
    this.#whole.begin(mask);
  }

  /** Small writes are gathered, since a look is not free; where rules are settled everything that can be is looked at. */
  #isWorthALook(): boolean {
    return this.#matching.toLookAt >= LOOK_BYTES || this.#position === this.#nextSettling;
  }

  #skip(count: number): void {
    this.#bytesNotMatched += count;
    this.#matching.passOver();
  }

  /** Evaluates what may be settled by now; stops matching when no rule can match any more. */
  #settleAlongTheWay(): void {
    this.#nextSettling = nextSettlingBehind(this.#position);
    if (this.#isSettled || this.#position === this.#settings.size) return;
    const { size } = this.#settings;
    const passesGates = this.#position === FIRST_SETTLING && (size ?? Infinity) >= WORTH_GATES;
    if (passesGates) this.#passGates(false);
    for (const rule of this.#states.toLookAt(this.#matching.store)) {
      const state = this.#evaluate(rule, false);
      if (state === STATE.true || state === STATE.false) this.#states.settle(rule, state);
    }
    if (passesGates) this.#passGates(true);
    this.#narrow();
    this.#isSettled = this.#states.isHopeless;
    if (this.#isSettled) this.#whole.begin(0);
  }

  /** Looks for no more than what rules that may still be true want. */
  #narrow(): void {
    const { size = Infinity } = this.#settings;
    const bytesLeft = size - this.#position;
    if (bytesLeft >= WORTH_GATES) this.#matching.narrow(this.#states.values, bytesLeft === Infinity ? 0 : bytesLeft);
  }

  /** Settles rules by what needs no match: by what refers to other rules, or by all else. */
  #passGates(refer: boolean): void {
    const { values } = this.#states;
    const evidence = this.#evidence(false);
    const began = this.#profile?.now();
    for (const { start, end, rules, refers } of this.#rules.gates) {
      if (refers !== refer) continue;
      this.#evaluations++;
      if (this.#evaluator.evaluateCode(start, end, evidence) !== STATE.false) continue;
      for (const rule of rules) if (values[rule] === STATE.unknown) this.#states.settle(rule, STATE.false);
    }
    this.#profile?.gates(this.#profile.now() - began!);
  }

  #evaluate(rule: number, isFinal: boolean): number {
    this.#evaluations++;
    const began = this.#profile?.now();
    const state = this.#evaluator.evaluate(rule, this.#evidence(isFinal));
    this.#profile?.evaluation(rule, this.#profile.now() - began!);
    return state;
  }

  #evidence(isFinal: boolean): Evidence {
    return {
      store: this.#matching.store,
      pages: this.#pages,
      ranges: this.#ranges,
      size: isFinal ? (this.#settings.size ?? this.#position) : this.#settings.size,
      areMatchesComplete: isFinal,
      isFinal,
      settledTo: this.#matching.settledTo,
      externals: this.#settings.externals,
      ruleStates: this.#states.values,
      now: this.#now,
    };
  }

  /** Gives every rule its final state. */
  async #decide(): Promise<void> {
    const decision = await decideRules(
      this.#rules,
      this.#states,
      this.#evaluator,
      this.#evidence(true),
      this.#settings,
      this.#profile,
    );
    this.#reasons = decision.reasons;
    this.#evaluations += decision.evaluations;
  }

  #resultOf(states: Uint8Array, unread: number, isFinal: boolean): ScanResult {
    const { image } = this.#rules;
    const { size, report, limits } = this.#settings;
    const matching: number[] = [];
    for (let rule = 0; rule < states.length; rule++) {
      if (states[rule] === STATE.true && !hasRuleFlag(image, rule, 'private')) matching.push(rule);
    }
    return {
      matches: reportMatches(image, this.#matching.store, matching, report, limits.matchesPerPattern, isFinal),
      undecided: isFinal ? reportUndecided(image, states, this.#reasons) : [],
      warnings: [],
      coverage: {
        bytesSeen: this.#position,
        bytesRead: this.#position + this.#pages.bytesRead,
        ...(size === undefined ? {} : { size }),
      },
      stats: {
        candidates: this.#matching.candidates,
        verifications: this.#matching.verifications,
        evaluations: this.#evaluations,
        pageReads: this.#pages.reads,
        bytesNotNeeded: this.#bytesNotMatched + unread,
        ...(this.#profile && { profile: this.#profile.result() }),
      },
    };
  }
}

/**
 * A scanner that goes on where `checkpoint` was taken, at `position`. The rules must be the same; `size` and `report` must be
 * what they were.
 */
export function resumeScanner(rules: CompiledRules, checkpoint: Uint8Array, options: ScanOptions = {}): StreamScanner {
  const scanner = new StreamScanner(rules, options);
  scanner.restore(checkpoint);
  return scanner;
}

/**
 * A new scanner that stands at `position`, as if what comes before it held nothing that any rule looks for. No part of the
 * public surface: tests place small objects where no test could read its way to.
 */
export function startScannerAt(rules: CompiledRules, position: number, options: ScanOptions = {}): StreamScanner {
  const scanner = new StreamScanner(rules, options);
  scanner.startAt(position);
  return scanner;
}

function nextSettlingBehind(position: number): number {
  return (Math.floor(position / SETTLE_EVERY) + 1) * SETTLE_EVERY;
}

function currentTime(): number {
  return Math.floor(Date.now() / 1000);
}

/** Scans bytes that are in memory. */
export async function scanBytes(
  rules: CompiledRules,
  bytes: Uint8Array,
  options: ScanOptions = {},
): Promise<ScanResult> {
  const scanner = new StreamScanner(rules, {
    size: bytes.length,
    readAt: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    ...options,
  });
  scanner.write(bytes);
  return scanner.end();
}
