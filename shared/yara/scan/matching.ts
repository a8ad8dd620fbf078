/**
 * From bytes to matches: the window, the filter over it, verification and programs, and the queue that hands what they find in the
 * object's order to the store and to chains. Of rules it knows no more than which of them may still be true.
 */
import { SCALAR } from '../bundle/image.ts';
import { hasPatternFlag, type LoadedRules } from '../bundle/loaded-rules.ts';
import { Chains, patternOfTarget } from './chains.ts';
import { CheckpointError, type ScanState } from './checkpoint.ts';
import type { Filter, TakeHits } from './filter.ts';
import { LivePatterns } from './live-patterns.ts';
import { MatchQueue, type TakeRun } from './match-queue.ts';
import { MatchStore } from './match-store.ts';
import type { Profile } from './profile.ts';
import { ProgramRunner } from './program-runner.ts';
import { RepeatedBlocks } from './repeated-blocks.ts';
import { EVIDENCE_MATCHES, type ScanSettings } from './settings.ts';
import { Verifier } from './verify.ts';
import { Window } from './window.ts';

/** The queue is released when it holds this many. */
const RELEASE_AT = 1 << 16;

export class Matching {
  readonly #rules: LoadedRules;
  readonly #window: Window;
  readonly #queue = new MatchQueue();
  readonly #programs: ProgramRunner;
  readonly #verifier: Verifier;
  readonly #chains: Chains;
  readonly #live: LivePatterns;
  readonly #blocks = new RepeatedBlocks();
  #filter: Filter;
  #settings: ScanSettings;
  #store: MatchStore;
  #candidates = 0;
  #profile: Profile | undefined;

  constructor(rules: LoadedRules, settings: ScanSettings) {
    const { image } = rules;
    this.#rules = rules;
    this.#settings = settings;
    this.#filter = rules.filter;
    this.#window = new Window(image.scalars[SCALAR.leftReach]!, image.scalars[SCALAR.rightReach]!);
    this.#store = this.#makeStore();
    this.#live = new LivePatterns(image);
    this.#programs = new ProgramRunner(
      image,
      rules.lists,
      rules.automata,
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
      settings.limits.stepsPerByte,
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
  }

  /** As new, for another object. */
  reset(settings: ScanSettings): void {
    this.#settings = settings;
    this.#filter = this.#rules.filter;
    this.#window.reset();
    this.#queue.reset();
    this.#programs.reset(settings.limits.stepsPerByte);
    this.#chains.reset();
    this.#live.reset();
    this.#store.reset();
    this.#store = this.#makeStore();
    this.#candidates = 0;
    this.#verifier.verified = 0;
  }

  set profile(profile: Profile | undefined) {
    this.#profile = profile;
    this.#verifier.profile = profile;
    this.#programs.profile = profile;
  }

  get store(): MatchStore {
    return this.#store;
  }

  /** Places that the filter named. */
  get candidates(): number {
    return this.#candidates;
  }

  /** Literals that stood there. */
  get verifications(): number {
    return this.#verifier.verified;
  }

  /** Every match that starts before this offset has been met. */
  get settledTo(): number {
    return this.#window.cursorOffset - this.#rules.image.scalars[SCALAR.leftReach]!;
  }

  /** Bytes that `look` would look at. */
  get toLookAt(): number {
    return this.#window.lookLimit(false) - this.#window.cursor;
  }

  /** As `Window.append`: takes bytes of `chunk`, which must not change until `release`, and returns how many. */
  append(chunk: Uint8Array, from: number, most: number): number {
    return this.#window.append(chunk, from, most);
  }

  /** The chunk was appended to its end: nothing of it is used from now on. */
  release(): void {
    this.#window.release();
  }

  /** Looks at what was appended, as far as enough follows, or to its end. */
  look(isLast: boolean): void {
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
      if (this.#queue.length >= RELEASE_AT) this.#handOn(this.settledTo);
    }
    this.#handOn(isLast ? Infinity : this.settledTo);
    if (!isLast) return;
    this.#chains.finish();
    this.#store.finish();
  }

  /** Does not look at what was appended. */
  passOver(): void {
    this.#window.cursor = this.#window.end;
  }

  /**
   * From now on looks for no more than rules want that may still be true, by `states` (one of `STATE` per rule); `bytesLeft` are
   * still to come, 0 where that is not known.
   */
  narrow(states: Uint8Array, bytesLeft: number): void {
    if (!this.#live.update(states)) return;
    this.#filter = this.#rules.narrowFilters.of(this.#live.entries, this.#filter.entryCount, bytesLeft) ?? this.#filter;
  }

  save(): MatchingState {
    return {
      cursorOffset: this.#window.cursorOffset,
      held: this.#window.held(),
      queue: this.#queue.save(),
      store: this.#store.save(),
      chains: this.#chains.save(),
      programs: this.#programs.save(),
    };
  }

  /** `position`: offset of the next byte. Throws a CheckpointError for what contradicts itself. */
  restore(state: MatchingState, position: number): void {
    this.#window.restore(state.held, position, state.cursorOffset);
    this.#queue.restore(state.queue);
    this.#store.restore(state.store);
    if (!this.#programs.restore(state.programs)) throw new CheckpointError('its blocks contradict themselves');
    if (!this.#chains.restore(state.chains)) throw new CheckpointError('its chains contradict themselves');
  }

  /** As if nothing before `position` had been found. */
  startAt(position: number): void {
    this.#window.startAt(position);
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

  readonly #takeHits: TakeHits = (hits, count, origin) => {
    this.#candidates += count;
    const began = this.#profile?.now();
    this.#verifier.verify(hits, count, origin);
    // Patterns are told for themselves.
    this.#profile?.filter(began! - this.#profile.now());
  };

  /** Hands matches that start before `offset` to the store and to chains. */
  #handOn(offset: number): void {
    this.#programs.finish();
    this.#queue.release(offset, this.#takeRun);
  }

  readonly #takeRun: TakeRun = (target, first, past) => {
    const queue = this.#queue;
    // NaN where there is none.
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
}

/** What of a checkpoint is about matching. */
export type MatchingState = Pick<ScanState, 'cursorOffset' | 'held' | 'queue' | 'store' | 'chains' | 'programs'>;
