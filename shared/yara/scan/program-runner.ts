/**
 * Runs programs around their atoms. Where an atom stands, a match may begin within some bytes before it: the stretches in
 * question are collected, joined where they overlap, and read once each by the reversed automaton, so that dense atoms cost
 * no more than the bytes they stand in. A program without a longest match is run over whole blocks, aligned in the object.
 */
import { ATOM, ATOM_FIELDS, PROGRAM, PROGRAM_FIELDS, REACH, USER_FLAG, type RuleImage } from '../bundle/image.ts';
import type { Automata } from './automata.ts';
import type { Stretch } from './automaton.ts';
import { ENDS, endsWanted } from './chains.ts';
import { Glances } from './glances.ts';
import { MatchEnds } from './match-ends.ts';
import { MatchLengths } from './match-lengths.ts';
import type { MatchQueue } from './match-queue.ts';
import { isFreeOnLeft, isFreeOnRight, standsAlone } from './neighbours.ts';
import type { Profile } from './profile.ts';
import type { RuleLists } from './rule-lists.ts';
import { StepCounts } from './step-counts.ts';
import { StraightWalker } from './straight.ts';
import type { Window } from './window.ts';

/** What is known of those who are told of matches. */
export interface ProgramTargets {
  /** Are further matches kept, so that their lengths are wanted? */
  readonly wantsLength: (target: number) => boolean;
  /** How many matches are kept in all. */
  readonly keeps: (target: number) => number;
  /** A program of the target has met `limits.stepsPerByte`. */
  readonly unknown: (target: number) => void;
  /** Is the target worth looking for? */
  readonly isLive: (target: number) => boolean;
}

/** More than there are atoms; times any index of a window it is exact. */
const ATOM_SPACE = 2 ** 26;
/** Of each program that is run over blocks. */
const SAVED_NUMBERS = 5;
/** Where a match may begin at so few places, those are looked at before a block is run. */
const FEW_STARTS = 32;

export class ProgramRunner {
  readonly #image: RuleImage;
  readonly #automata: Automata;
  readonly #window: Window;
  readonly #queue: MatchQueue;
  readonly #wantsLength: (target: number) => boolean;
  readonly #keeps: (target: number) => number;
  readonly #unknown: (target: number) => void;
  readonly #isLive: (target: number) => boolean;
  readonly #everywhere: readonly number[];
  // Per program, offsets of the object: starts to look for, from and to inclusive, and how far matches may go.
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #readTo: Float64Array;
  /** Atoms of the look under way: index × `ATOM_SPACE` + atom. */
  #met = new Float64Array(256);
  #metCount = 0;
  /** Programs with a stretch to look at. */
  #waiting: number[] = [];
  /**
   * Per program the last block that was run, and a bit for each of the 32 up to it: an atom may ask for a block in front of
   * those that others asked for.
   */
  readonly #lastBlock: Float64Array;
  readonly #blocksRun: Int32Array;
  readonly #glances: Glances;
  /** Programs that are run over blocks. */
  readonly #blockPrograms: readonly number[];
  #counts: StepCounts;
  /** Matches told of programs that are counted. */
  readonly #told: Float64Array;
  /** Programs that have met the bound on their work. */
  readonly #givenUp = new Set<number>();
  #isLast = false;
  /** Told of every stretch, when there is one. */
  profile: Profile | undefined;
  /** Starts found in the stretch looked at, in descending order. */
  readonly #starts: number[] = [];

  constructor(
    image: RuleImage,
    { blockPrograms, everywhere }: Pick<RuleLists, 'blockPrograms' | 'everywhere'>,
    automata: Automata,
    window: Window,
    queue: MatchQueue,
    { wantsLength, keeps, unknown, isLive }: ProgramTargets,
    stepsPerByte: number,
  ) {
    this.#image = image;
    this.#automata = automata;
    this.#window = window;
    this.#queue = queue;
    this.#wantsLength = wantsLength;
    this.#keeps = keeps;
    this.#unknown = unknown;
    this.#isLive = isLive;
    const count = image.programs.length / PROGRAM_FIELDS;
    this.#from = new Float64Array(count).fill(-1);
    this.#to = new Float64Array(count);
    this.#readTo = new Float64Array(count);
    this.#lastBlock = new Float64Array(count).fill(-1);
    this.#blocksRun = new Int32Array(count);
    this.#glances = new Glances(automata);
    this.#counts = new StepCounts(count, stepsPerByte);
    this.#told = new Float64Array(count);
    this.#blockPrograms = blockPrograms;
    this.#everywhere = everywhere;
  }

  reset(stepsPerByte: number): void {
    this.#waiting = [];
    this.#metCount = 0;
    this.#from.fill(-1);
    this.#lastBlock.fill(-1);
    this.#blocksRun.fill(0);
    this.#glances.reset();
    this.#counts = new StepCounts(this.#lastBlock.length, stepsPerByte);
    this.#told.fill(0);
    this.#givenUp.clear();
  }

  /** What a scan that goes on must know of blocks: the last one, what they took, how many matches were told, who gave up. */
  save(): Float64Array {
    const spent = this.#counts.save();
    const rows = this.#blockPrograms.map((program) => [
      this.#lastBlock[program]!,
      spent[program]!,
      this.#told[program]!,
      Number(this.#givenUp.has(program)),
      this.#blocksRun[program]!,
    ]);
    return Float64Array.from([...rows.flat(), ...this.#glances.save()]);
  }

  /** False when the numbers are not those of such programs. */
  restore(numbers: Float64Array): boolean {
    const own = this.#blockPrograms.length * SAVED_NUMBERS;
    if (numbers.length < own || !this.#glances.restore(numbers.subarray(own), this.#told.length)) return false;
    const spent = new Float64Array(this.#lastBlock.length);
    this.#blockPrograms.forEach((program, at) => {
      this.#lastBlock[program] = numbers[at * SAVED_NUMBERS]!;
      spent[program] = numbers[at * SAVED_NUMBERS + 1]!;
      this.#told[program] = numbers[at * SAVED_NUMBERS + 2]!;
      if (numbers[at * SAVED_NUMBERS + 3] === 1) this.#givenUp.add(program);
      this.#blocksRun[program] = numbers[at * SAVED_NUMBERS + 4]!;
    });
    this.#counts.restore(spent);
    return true;
  }

  /** The window's part from `from` up to `to` (indices) is about to be looked at. */
  begin(from: number, to: number, isLast: boolean): void {
    this.#isLast = isLast;
    const { base } = this.#window;
    for (const program of this.#everywhere) {
      if (!this.#isLive(this.#field(program, PROGRAM.target))) continue;
      const maxLength = this.#field(program, PROGRAM.maxLength);
      if (to > from) this.#want(program, base + from, base + to - 1, maxLength < 0 ? 0 : base + to - 1 + maxLength);
    }
  }

  /**
   * An atom may stand at that index of the window. The filter meets those of one look in the order of its tables; `settle`
   * puts them in the object's.
   */
  atomAt(atom: number, index: number): void {
    if (this.#metCount === this.#met.length) {
      const met = new Float64Array(this.#metCount * 2);
      met.set(this.#met);
      this.#met = met;
    }
    this.#met[this.#metCount++] = index * ATOM_SPACE + atom;
  }

  /** To be called after each look of the filter: a stretch that was looked at must not be asked for again by an earlier atom. */
  settle(): void {
    const met = this.#met.subarray(0, this.#metCount);
    this.#metCount = 0;
    for (let at = 1; at < met.length; at++) {
      if (met[at]! >= met[at - 1]!) continue;
      met.sort();
      break;
    }
    for (const key of met) this.#wantAround(key % ATOM_SPACE, Math.floor(key / ATOM_SPACE));
  }

  #wantAround(atom: number, index: number): void {
    const { atoms } = this.#image;
    const row = atom * ATOM_FIELDS;
    if (!this.#isLive(this.#field(atoms[row + ATOM.program]!, PROGRAM.target))) return;
    const offset = this.#window.base + index;
    const maxBefore = atoms[row + ATOM.maxBefore]!;
    const from = Math.max(0, offset - (maxBefore < 0 || maxBefore > REACH ? REACH : maxBefore));
    const program = atoms[row + ATOM.program]!;
    const to = offset - atoms[row + ATOM.minBefore]!;
    // A match of one of these starts may go on beyond this atom to another one.
    this.#want(program, from, to, to + this.#field(program, PROGRAM.maxLength));
  }

  /** Looks at every stretch that waits. */
  finish(): void {
    for (const program of this.#waiting) this.#run(program);
    this.#waiting = [];
  }

  #want(program: number, from: number, to: number, readTo: number): void {
    if (to < from) return;
    if (this.#field(program, PROGRAM.maxLength) < 0) {
      for (let block = Math.floor(from / REACH); block <= Math.floor(to / REACH); block++) {
        if (this.#isEntered(program, block)) continue;
        const start = block * REACH;
        const end = start + REACH;
        const isNarrow = to - from < FEW_STARTS;
        if (isNarrow && !this.#glance(program, block, Math.max(from, start), Math.min(to, end - 1))) continue;
        this.#enter(program, block);
        this.#look(program, start, end - 1, end + REACH);
      }
      return;
    }
    if (this.#from[program]! >= 0) {
      if (from <= this.#to[program]! + 1) {
        this.#from[program] = Math.min(this.#from[program]!, from);
        this.#to[program] = Math.max(this.#to[program]!, to);
        this.#readTo[program] = Math.max(this.#readTo[program]!, readTo);
        return;
      }
      this.#run(program);
    } else {
      this.#waiting.push(program);
    }
    this.#from[program] = from;
    this.#to[program] = to;
    this.#readTo[program] = readTo;
  }

  /** Was the block run, or lies so far back that it must have been? */
  #isEntered(program: number, block: number): boolean {
    const behind = this.#lastBlock[program]! - block;
    return behind >= 32 || (behind >= 0 && (this.#blocksRun[program]! & (1 << behind)) !== 0);
  }

  #enter(program: number, block: number): void {
    const ahead = block - this.#lastBlock[program]!;
    if (ahead > 0) {
      this.#lastBlock[program] = block;
      this.#blocksRun[program] = ahead < 32 ? (this.#blocksRun[program]! << ahead) | 1 : 1;
    } else this.#blocksRun[program]! |= 1 << -ahead;
  }

  /** Tells the matches that begin at one of the offsets `from … to` of the block; or, if it returns true, the block must be run. */
  #glance(program: number, block: number, from: number, to: number): boolean {
    const { profile } = this;
    const began = profile?.now();
    const { base } = this.#window;
    const stretch = this.#stretch();
    const first = Math.max(from - base, stretch.start);
    const last = Math.min(to - base, stretch.end - 1);
    const limit = Math.min((block + 2) * REACH - base, stretch.end);
    const target = this.#field(program, PROGRAM.target);
    let lengths: MatchLengths | undefined;
    const take = (start: number, length: number | undefined): void => {
      if (length !== undefined) this.#tellMatch(program, start, length);
      else this.#tell(program, (lengths ??= new MatchLengths(this.#automata.forward(program), stretch)), start, limit);
    };
    // Pieces of chains must be told once, and what is counted in whole blocks.
    const isTold = target >= 0 && !this.#glances.isCounted(program);
    const isDue = this.#glances.look(program, block, { stretch, first, last, limit }, isTold ? take : undefined);
    if (profile !== undefined) profile.verification(target, profile.now() - began!);
    return isDue;
  }

  #run(program: number): void {
    const from = this.#from[program]!;
    if (from < 0) return;
    this.#from[program] = -1;
    this.#look(program, from, this.#to[program]!, this.#readTo[program]!);
  }

  #look(program: number, from: number, to: number, readTo: number): void {
    const { profile } = this;
    const began = profile?.now();
    this.#find(program, from, to, readTo);
    if (profile !== undefined) profile.verification(this.#field(program, PROGRAM.target), profile.now() - began!);
  }

  /** Finds the matches that start at the offsets `from … to` and end at `readTo` or before it. */
  #find(program: number, from: number, to: number, readTo: number): void {
    const { base } = this.#window;
    const stretch = this.#stretch();
    const first = Math.max(from - base, stretch.start);
    const last = Math.min(to - base, stretch.end - 1);
    if (last < first) return;
    const limit = Math.min(readTo - base, stretch.end);
    const target = this.#field(program, PROGRAM.target);
    const isFixed = this.#field(program, PROGRAM.minLength) === this.#field(program, PROGRAM.maxLength);
    const ends = target < 0 && !isFixed ? endsWanted(this.#image, ~target) : ENDS.preferred;
    const straight = ends === ENDS.preferred ? this.#automata.straight(program) : undefined;
    this.#starts.length = 0;
    if (straight !== undefined) {
      this.#walk(program, new StraightWalker(straight, stretch, limit), first, last, limit);
      return;
    }
    const take = (start: number): void => {
      if (start <= last) this.#starts.push(start);
    };
    const backward = this.#automata.backward(program);
    if (this.#automata.isFarUnrolled(program)) {
      if (this.#givenUp.has(program)) return;
      const { steps } = backward;
      const isWhole = backward.findStartsWithin(this.#counts.left(program, to), stretch, limit, first, take);
      this.#counts.spend(program, backward.steps - steps);
      if (isWhole) this.#tellCounted(program, stretch, limit, ends, to);
      else this.#giveUp(program);
      return;
    }
    backward.findStarts(stretch, limit, first, take);
    if (this.#starts.length === 0) return;
    if (ends === ENDS.preferred) this.#tellMatches(program, stretch, limit);
    else this.#tellPieces(program, stretch, limit, ends);
  }

  #stretch(): Stretch {
    const { bytes, dataStart, end, startOffset } = this.#window;
    return { bytes, start: dataStart, end, startsData: startOffset === 0, endsData: this.#isLast };
  }

  /** Every place is tried by itself. */
  #walk(program: number, walker: StraightWalker, first: number, last: number, limit: number): void {
    if (!walker.hasLongRun(first, limit)) return;
    const longest = this.#longest(program);
    for (let start = first; start <= last; start++) {
      if (!walker.mayBegin(start)) continue;
      let length = walker.lengthAt(start, Math.min(limit, start + longest));
      // What ends beyond that, but within the block's bound, is followed so far.
      if (length === 0 && start + longest < limit) length = walker.lengthAt(start, limit);
      if (length > 0) this.#tellMatch(program, start, length);
    }
  }

  /**
   * The matches of a whole block, if they are found within the steps that the program may take as far as the block; otherwise
   * none of them, and nothing of the program from there on. So it never depends on chunks which of them are told.
   */
  #tellCounted(program: number, stretch: Stretch, limit: number, distance: number, to: number): void {
    const forward = this.#automata.forward(program);
    const ends = distance === ENDS.preferred ? undefined : new MatchEnds(forward, stretch, distance);
    const target = this.#field(program, PROGRAM.target);
    const needsLength = this.#field(program, PROGRAM.flags) !== 0 || target < 0;
    const kept = this.#keeps(target);
    const found: [start: number, length: number, spread: number][] = [];
    for (let at = this.#starts.length - 1; at >= 0; at--) {
      const start = this.#starts[at]!;
      const left = this.#counts.left(program, to);
      if (left < 0) {
        this.#giveUp(program);
        return;
      }
      const { steps } = forward;
      const end = Math.min(limit, start + this.#longest(program));
      if (ends !== undefined)
        ends.beyond(start, end, (first, last) => found.push([start, first - start, last - first]));
      else if (needsLength || this.#told[program]! < kept) {
        const length = forward.lengthAt(stretch, start, end, left);
        // Its preferred match may be empty.
        if (length > 0) found.push([start, length, 0]);
      } else found.push([start, this.#field(program, PROGRAM.minLength), 0]);
      this.#counts.spend(program, forward.steps - steps);
      this.#told[program]!++;
    }
    if (this.#counts.left(program, to) < 0) this.#giveUp(program);
    else for (const [start, length, spread] of found) this.#tellMatch(program, start, length, spread);
  }

  #giveUp(program: number): void {
    this.#givenUp.add(program);
    this.#unknown(this.#field(program, PROGRAM.target));
  }

  /** Each start with its preferred end. */
  #tellMatches(program: number, stretch: Stretch, limit: number): void {
    const lengths = new MatchLengths(this.#automata.forward(program), stretch);
    for (let at = this.#starts.length - 1; at >= 0; at--) this.#tell(program, lengths, this.#starts[at]!, limit);
  }

  /** Each start with its runs of ends, `distance` being as `endsWanted` gives it. */
  #tellPieces(program: number, stretch: Stretch, limit: number, distance: number): void {
    const ends = new MatchEnds(this.#automata.forward(program), stretch, distance);
    const longest = this.#longest(program);
    for (let at = this.#starts.length - 1; at >= 0; at--) {
      const start = this.#starts[at]!;
      const tell = (first: number, last: number): void => {
        this.#tellMatch(program, start, first - start, last - first);
      };
      // What ends beyond that, but within the block's bound, is rare: it is followed by itself.
      if (!ends.at(start, Math.min(limit, start + longest), tell)) ends.beyond(start, limit, tell);
    }
  }

  #tell(program: number, lengths: MatchLengths, start: number, limit: number): void {
    const target = this.#field(program, PROGRAM.target);
    const flags = this.#field(program, PROGRAM.flags);
    const minLength = this.#field(program, PROGRAM.minLength);
    let length = minLength;
    if (
      minLength !== this.#field(program, PROGRAM.maxLength) &&
      (flags !== 0 || target < 0 || this.#wantsLength(target))
    ) {
      length = lengths.at(start, Math.min(limit, start + this.#longest(program)));
      // As above.
      if (length < 0) length = lengths.beyond(start, limit);
      // Its preferred match is empty.
      if (length <= 0) return;
    }
    this.#tellMatch(program, start, length);
  }

  #tellMatch(program: number, start: number, length: number, spread = 0): void {
    const window = this.#window;
    const flags = this.#field(program, PROGRAM.flags);
    if ((flags & USER_FLAG.fullword) !== 0 && !standsAlone(window, start, start + length, flags, 0)) return;
    if ((flags & USER_FLAG.leftAlone) !== 0 && !isFreeOnLeft(window, start, flags, 0)) return;
    if ((flags & USER_FLAG.rightAlone) !== 0 && !isFreeOnRight(window, start + length, flags, 0)) return;
    const target = this.#field(program, PROGRAM.target);
    this.#queue.push(window.base + start, target, length, this.#field(program, PROGRAM.rank), -1, spread);
  }

  #longest(program: number): number {
    const maxLength = this.#field(program, PROGRAM.maxLength);
    return maxLength < 0 ? REACH : maxLength;
  }

  #field(program: number, field: number): number {
    return this.#image.programs[program * PROGRAM_FIELDS + field]!;
  }
}
