/**
 * The checkpoint: a scan's state between two writes, as bytes. It holds what the window, queue, store and pages hold and
 * nothing of the rules but their digest, so it is bounded as they are.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { ByteReader, ByteWriter, type TypedArray } from '../bundle/byte-stream.ts';
import { PIECE_FIELDS, SCALAR } from '../bundle/image.ts';
import type { LoadedRules } from '../bundle/loaded-rules.ts';
import { FORMAT_VERSION } from '../version.ts';
import { STATE } from './evaluator.ts';
import { LOOK_STEP } from './filter.ts';
import type { MatchQueueState } from './match-queue.ts';
import { isSoundStore, type MatchStoreState } from './match-store.ts';
import type { PagesState } from './pages.ts';
import type { ScanSettings } from './settings.ts';
import type { WholeObjectState } from './whole-object.ts';
import { PIECE_BYTES } from './window.ts';

const encoder = new TextEncoder();
const MAGIC = encoder.encode('SLUICECP');
const CHECKSUM_BYTES = 32;

/** The checkpoint is damaged, or of other rules, another engine, or another object. */
export class CheckpointError extends Error {
  readonly code = 'CHECKPOINT_INVALID';

  constructor(problem: string) {
    super(`the checkpoint cannot be used: ${problem}`);
    this.name = 'CheckpointError';
  }
}

export interface ScanState {
  readonly position: number;
  readonly nextSettling: number;
  /** Offset of the first byte not looked at. */
  readonly cursorOffset: number;
  /** The window's bytes; the last one is at `position − 1`. */
  readonly held: Uint8Array;
  readonly queue: MatchQueueState;
  readonly store: MatchStoreState;
  readonly chains: Float64Array;
  readonly programs: Float64Array;
  readonly pages: PagesState;
  readonly ruleStates: Uint8Array;
  readonly patternsSeen: number;
  readonly isSettled: boolean;
  readonly evaluationSteps: number;
  readonly whole: WholeObjectState;
  readonly now: number;
}

export function encodeCheckpoint(state: ScanState, rules: LoadedRules, settings: ScanSettings): Uint8Array {
  const writer = new ByteWriter();
  writer.number(FORMAT_VERSION);
  writer.array(encoder.encode(rules.digest));
  writer.number(settings.report === 'all' ? 0 : 1);
  writer.number(settings.size ?? -1);
  writer.number(state.position);
  writer.number(state.nextSettling);
  writer.number(state.cursorOffset);
  writer.array(state.held);
  writer.array(state.queue.starts);
  writer.array(state.queue.targets);
  writer.array(state.queue.lengths);
  writer.array(state.queue.spreads);
  writer.array(state.queue.extras);
  for (const array of Object.values<TypedArray>({ ...state.store })) writer.array(array);
  writer.array(state.chains);
  writer.array(state.programs);
  writer.array(state.pages.head);
  writer.array(state.pages.tail);
  writer.number(state.pages.reads);
  writer.number(state.pages.bytesRead);
  writer.array(state.ruleStates);
  writer.number(state.patternsSeen);
  writer.number(state.isSettled ? 1 : 0);
  writer.number(state.evaluationSteps);
  writer.number(state.whole.mask);
  writer.array(state.whole.bytes);
  writer.number(state.now);
  const body = writer.finish();
  const file = new ByteWriter();
  file.raw(MAGIC);
  file.raw(sha256(body));
  file.raw(body);
  return file.finish();
}

export function decodeCheckpoint(bytes: Uint8Array, rules: LoadedRules, settings: ScanSettings): ScanState {
  const reader = new ByteReader(bytes, (problem) => new CheckpointError(problem));
  if (bytes.length < MAGIC.length || !MAGIC.every((byte, at) => bytes[at] === byte)) {
    throw new CheckpointError('it does not begin as a checkpoint does');
  }
  reader.raw(MAGIC.length);
  const checksum = reader.raw(CHECKSUM_BYTES);
  const actual = sha256(bytes.subarray(MAGIC.length + CHECKSUM_BYTES));
  if (!checksum.every((byte, at) => actual[at] === byte))
    throw new CheckpointError('its checksum does not fit its content');
  const version = reader.number();
  if (version !== FORMAT_VERSION) {
    throw new CheckpointError(`its format is version ${version}, this engine reads version ${FORMAT_VERSION}`);
  }
  const digest = new TextDecoder().decode(reader.array(Uint8Array));
  if (digest !== rules.digest) throw new CheckpointError(`it was taken with the rules ${digest}, not ${rules.digest}`);
  if (reader.number() !== (settings.report === 'all' ? 0 : 1)) {
    throw new CheckpointError(`the scan it was taken from did not report ${settings.report}`);
  }
  const size = reader.number();
  if (size !== (settings.size ?? -1)) {
    throw new CheckpointError(`it was taken of an object of ${size < 0 ? 'unknown size' : `${size} bytes`}`);
  }
  const state: ScanState = {
    position: reader.size(),
    nextSettling: reader.size(),
    cursorOffset: reader.size(),
    held: reader.array(Uint8Array),
    queue: {
      starts: reader.array(Float64Array),
      targets: reader.array(Int32Array),
      lengths: reader.array(Uint32Array),
      spreads: reader.array(Uint32Array),
      extras: reader.array(Int32Array),
    },
    store: {
      patterns: reader.array(Int32Array),
      counts: reader.array(Float64Array),
      stored: reader.array(Int32Array),
      lastOffsets: reader.array(Float64Array),
      blocks: reader.array(Int32Array),
      offsets: reader.array(Float64Array),
      lengths: reader.array(Uint32Array),
      xorKeys: reader.array(Int16Array),
      unordered: reader.array(Int32Array),
      unknown: reader.array(Int32Array),
      unknownReasons: reader.array(Int32Array),
    },
    chains: reader.array(Float64Array),
    programs: reader.array(Float64Array),
    pages: {
      head: reader.array(Uint8Array),
      tail: reader.array(Uint8Array),
      reads: reader.size(),
      bytesRead: reader.size(),
    },
    ruleStates: reader.array(Uint8Array),
    patternsSeen: reader.size(),
    isSettled: reader.number() === 1,
    evaluationSteps: reader.size(),
    whole: { mask: reader.size(), bytes: reader.array(Uint8Array) },
    now: reader.size(),
  };
  reader.end();
  if (!isSound(state, rules)) throw new CheckpointError('its content contradicts itself');
  return state;
}

function isSound(state: ScanState, rules: LoadedRules): boolean {
  const { position, cursorOffset, held, queue, ruleStates, store, patternsSeen } = state;
  const { scalars } = rules.image;
  const left = scalars[SCALAR.leftReach]!;
  const right = scalars[SCALAR.rightReach]!;
  return (
    held.length <= left + right + PIECE_BYTES &&
    held.length <= position &&
    cursorOffset <= position &&
    (state.isSettled || cursorOffset % LOOK_STEP === 0) &&
    cursorOffset >= position - held.length &&
    queue.targets.length === queue.starts.length &&
    queue.lengths.length === queue.starts.length &&
    queue.spreads.length === queue.starts.length &&
    queue.extras.length === queue.starts.length &&
    queue.targets.every(
      (target) => target < rules.patternCount && ~target < rules.image.pieces.length / PIECE_FIELDS,
    ) &&
    ruleStates.length === rules.ruleCount &&
    ruleStates.every((value) => value === STATE.unknown || value === STATE.true || value === STATE.false) &&
    patternsSeen <= store.patterns.length &&
    isSoundStore(store, rules.patternCount)
  );
}
