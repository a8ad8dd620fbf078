/**
 * Scans one object after another: `write` its bytes in order, then `end`. Bytes pass through window, filter, verification
 * and queue into the match store; conditions are evaluated when the stream ends, and along the way to learn which rules
 * are settled already. Memory is the rules, the window, held pages and the bounds in `ScanLimits`, whatever the object's size.
 */
import { SCALAR } from '../bundle/image.ts';
import { hasPatternFlag, hasRuleFlag, loaded, type LoadedRules } from '../bundle/loaded-rules.ts';
import type { CompiledRules } from '../compiler/compiled-rules.ts';
import { Chains, patternOfTarget } from './chains.ts';
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { decideRules } from './decide.ts';
import { Evaluator, STATE, type Evidence } from './evaluator.ts';
import type { Filter, TakeHits } from './filter.ts';
import { LivePatterns } from './live-patterns.ts';
import { MatchQueue, type TakeRun } from './match-queue.ts';
import { MatchStore } from './match-store.ts';
import { Pages } from './pages.ts';
import { Profile } from './profile.ts';
import { ProgramRunner } from './program-runner.ts';
import { Ranges } from './ranges.ts';
import { RepeatedBlocks } from './repeated-blocks.ts';
import { reportMatches, ruleNames } from './report.ts';
import { applyGlobals, RuleStates } from './rule-states.ts';
import { SourceError, type ScanOptions, type ScanResult, type UndecidedRule } from './scan-result.ts';
import { EVIDENCE_MATCHES, readScanOptions, type ScanSettings } from './settings.ts';
import { Verifier } from './verify.ts';
import { WholeObject } from './whole-object.ts';
import { PIECE_BYTES, Window } from './window.ts';

/** Bytes gathered before they are looked at; well below what the window has room for. */
const LOOK_BYTES = 1 << 14;
/** The queue is released when it holds this many. */
const RELEASE_AT = 1 << 16;
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
  readonly #window: Window;
  readonly #queue = new MatchQueue();
  readonly #programs: ProgramRunner;
  readonly #verifier: Verifier;
  readonly #chains: Chains;
  readonly #states: RuleStates;
  readonly #live: LivePatterns;
  #filter: Filter;
  readonly #blocks = new RepeatedBlocks();
  #settings: ScanSettings;
  #store: MatchStore;
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
  #candidateCount = 0;
  #evaluations = 0;
  #bytesNotMatched = 0;
  #reasons: ReadonlyMap<number, string> = new Map();
  #profile: Profile | undefined;

  constructor(rules: CompiledRules, options: ScanOptions = {}) {
    this.#rules = loaded(rules);
    const { image } = this.#rules;
    this.#filter = this.#rules.filter;
    this.#window = new Window(image.scalars[SCALAR.leftReach]!, image.scalars[SCALAR.rightReach]!);
    this.#settings = readScanOptions(image, options);
    this.#store = this.#makeStore();
    this.#live = new LivePatterns(image);
    this.#programs = new ProgramRunner(
      image,
      this.#rules.lists,
      this.#rules.automata,
      this.#window,
      this.#queue,
      {
        wantsLength: (target) => target < 0 || this.#store.wanted(target) > 0,
        keeps: (target) => (target < 0 ? Infinity : this.#store.keeps(target)),
        unknown: (target) => {
          this.#store.giveUp(patternOfTarget(image, target), 'limit:stepsPerByte');
        },
        isLive: (target) => this.#live.has(target),
      },
      this.#settings.limits.stepsPerByte,
    );
    this.#verifier = new Verifier(image, this.#window, this.#queue, this.#programs, this.#live);
    this.#chains = new Chains(image, {
      match: (pattern, start, length) => {
        this.#store.add(pattern, start, length, -1);
      },
      count: (pattern, count, lastStart) => {
        this.#store.addCount(pattern, count, lastStart);
      },
      unknown: (pattern, reason) => {
        this.#store.giveUp(pattern, reason);
      },
      wanted: (pattern) => this.#store.wanted(pattern),
      stepsPerByte: () => this.#settings.limits.stepsPerByte,
    });
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
    for (let done = 0; done < chunk.length;) {
      const count = this.#window.append(chunk, done, Math.min(PIECE_BYTES, this.#nextSettling - this.#position));
      this.#pages.observe(chunk, done, count, this.#position);
      this.#whole.update(chunk, done, count);
      done += count;
      this.#position += count;
      if (this.#isSettled) this.#skip(count);
      else if (this.#isWorthALook()) this.#look(false);
      if (this.#position === this.#nextSettling) this.#settleAlongTheWay();
    }
    this.#window.release();
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
      this.#look(true);
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
    if (!this.#isEnded && !this.#isSettled) this.#look(false);
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
      cursorOffset: this.#window.cursorOffset,
      held: this.#window.held(),
      queue: this.#queue.save(),
      store: this.#store.save(),
      chains: this.#chains.save(),
      programs: this.#programs.save(),
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
    this.#window.reset();
    this.#queue.reset();
    this.#programs.reset(this.#settings.limits.stepsPerByte);
    this.#chains.reset();
    this.#states.reset();
    this.#live.reset();
    this.#filter = this.#rules.filter;
    this.#store.reset();
    this.#store = this.#makeStore();
    this.#pages = this.#makePages();
    this.#ranges = new Ranges(this.#pages);
    this.#evaluator = this.#makeEvaluator();
    this.#now = currentTime();
    this.#position = 0;
    this.#nextSettling = FIRST_SETTLING;
    this.#isSettled = false;
    this.#isEnded = false;
    this.#candidateCount = 0;
    this.#verifier.verified = 0;
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
    this.#window.restore(state.held, state.position, state.cursorOffset);
    this.#queue.restore(state.queue);
    this.#store.restore(state.store);
    if (!this.#programs.restore(state.programs)) throw new CheckpointError('its blocks contradict themselves');
    if (!this.#chains.restore(state.chains)) throw new CheckpointError('its chains contradict themselves');
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
    this.#window.startAt(position);
    this.#pages.startAt(position);
    this.#nextSettling = position < FIRST_SETTLING ? FIRST_SETTLING : nextSettlingBehind(position);
  }

  #makeStore(): MatchStore {
    const { image, patternCount } = this.#rules;
    const { limits, report } = this.#settings;
    const few = Math.min(EVIDENCE_MATCHES, limits.matchesPerPattern);
    return new MatchStore(patternCount, {
      matchBytes: limits.matchBytes,
      keep: (pattern) =>
        report === 'evidence' && !hasPatternFlag(image, pattern, 'needsOffsets') ? few : limits.matchesPerPattern,
    });
  }

  #beginProfile(): void {
    this.#profile = this.#settings.profile ? new Profile(this.#rules.image) : undefined;
    this.#verifier.profile = this.#profile;
    this.#programs.profile = this.#profile;
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

  /** Looks at what has arrived, as far as enough follows. */
  #look(isLast: boolean): void {
    const window = this.#window;
    const filter = this.#filter;
    const limit = window.lookLimit(isLast);
    this.#programs.begin(window.cursor, limit, isLast);
    if (!this.#live.isAny) window.cursor = limit;
    while (window.cursor < limit) {
      const began = this.#profile?.now();
      window.cursor = this.#blocks.look(filter, window.bytes, window.cursor, limit, this.#takeHits);
      this.#profile?.filter(this.#profile.now() - began!);
      this.#programs.settle();
      if (this.#queue.length >= RELEASE_AT) this.#release(this.#settledTo());
    }
    this.#release(isLast ? Infinity : this.#settledTo());
    if (!isLast) return;
    this.#chains.finish();
    this.#store.finish();
  }

  readonly #takeHits: TakeHits = (hits, count, origin) => {
    this.#candidateCount += count;
    const began = this.#profile?.now();
    this.#verifier.verify(hits, count, origin);
    // Patterns are told for themselves.
    this.#profile?.filter(began! - this.#profile.now());
  };

  /** Hands matches that start before `offset` to the store and to chains. */
  #release(offset: number): void {
    this.#programs.finish();
    this.#queue.release(offset, this.#takeRun);
  }

  readonly #takeRun: TakeRun = (target, first, past) => {
    const queue = this.#queue;
    const anchor = target < 0 ? NaN : this.#rules.anchors[target]!;
    if (target >= 0 && Number.isNaN(anchor)) {
      this.#store.addRun(target, queue, first, past);
      return;
    }
    for (let at = first; at < past; at++) {
      const start = queue.starts[at]!;
      if (target < 0) this.#chains.piece(~target, start, queue.lengths[at]!, queue.spreads[at]!);
      else if (start === anchor) this.#store.addRun(target, queue, at, at + 1);
    }
  };

  /** Every match that starts before this offset has been met. */
  #settledTo(): number {
    return this.#window.cursorOffset - this.#rules.image.scalars[SCALAR.leftReach]!;
  }

  /** Small writes are gathered, since a look is not free; where rules are settled everything that can be is looked at. */
  #isWorthALook(): boolean {
    const window = this.#window;
    return window.lookLimit(false) - window.cursor >= LOOK_BYTES || this.#position === this.#nextSettling;
  }

  #skip(count: number): void {
    this.#bytesNotMatched += count;
    this.#window.cursor = this.#window.end;
  }

  /** Evaluates what may be settled by now; stops matching when no rule can match any more. */
  #settleAlongTheWay(): void {
    this.#nextSettling = nextSettlingBehind(this.#position);
    if (this.#isSettled || this.#position === this.#settings.size) return;
    const { size } = this.#settings;
    if (this.#position === FIRST_SETTLING && (size ?? Infinity) >= WORTH_GATES) this.#passGates();
    for (const rule of this.#states.toLookAt(this.#store)) {
      const state = this.#evaluate(rule, false);
      if (state === STATE.true || state === STATE.false) this.#states.settle(rule, state);
    }
    this.#narrow();
    this.#isSettled = this.#states.isHopeless;
    if (this.#isSettled) this.#whole.begin(0);
  }

  /** Looks for no more than what rules that may still be true want. */
  #narrow(): void {
    const { size = Infinity } = this.#settings;
    if (size - this.#position < WORTH_GATES || !this.#live.update(this.#states.values)) return;
    const bytesLeft = size === Infinity ? 0 : size - this.#position;
    this.#filter = this.#rules.narrowFilters.of(this.#live.entries, this.#filter.entryCount, bytesLeft) ?? this.#filter;
  }

  /** Settles rules by what needs no match. */
  #passGates(): void {
    const { values } = this.#states;
    const evidence = this.#evidence(false);
    const began = this.#profile?.now();
    for (const { start, end, rules } of this.#rules.gates) {
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
      store: this.#store,
      pages: this.#pages,
      ranges: this.#ranges,
      size: isFinal ? (this.#settings.size ?? this.#position) : this.#settings.size,
      areMatchesComplete: isFinal,
      isFinal,
      settledTo: this.#settledTo(),
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
    const undecided: UndecidedRule[] = [];
    const matching: number[] = [];
    for (let rule = 0; rule < this.#rules.ruleCount; rule++) {
      const state = states[rule];
      if (state === STATE.true && !hasRuleFlag(image, rule, 'private')) matching.push(rule);
      if (isFinal && state === STATE.undecided) {
        const reason = this.#reasons.get(rule) ?? 'global';
        undecided.push({ ...ruleNames(image, rule), reason, detail: explain(reason) });
      }
    }
    return {
      matches: reportMatches(image, this.#store, matching, report, limits.matchesPerPattern, isFinal),
      undecided,
      warnings: [],
      coverage: {
        bytesSeen: this.#position,
        bytesRead: this.#position + this.#pages.bytesRead,
        ...(size === undefined ? {} : { size }),
      },
      stats: {
        candidates: this.#candidateCount,
        verifications: this.#verifier.verified,
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

function explain(reason: string): string {
  if (reason.startsWith('limit:')) return `the bound ${reason.slice(6)} was met before the condition could be decided`;
  switch (reason) {
    case 'unseekable':
      return 'the condition reads bytes that were no longer held, and the source cannot be read at other places';
    case 'rule':
      return 'a rule it refers to is undecided';
    default:
      return 'a global rule of its namespace is undecided';
  }
}
