/**
 * Instances of the kernel. One has a memory of its own with the tables of one rule set in it; all scanners of those rules
 * share it, since it keeps nothing between two looks. A process keeps a few: another rule set than those takes over the
 * memory that was not used for longest, which costs a copy of its tables.
 */
import { bytesOfBase64 } from '../bundle/base64-text.ts';
import { FILTER, FILTER_FIELDS, type FilterTables } from '../bundle/filter-layout.ts';
import { KERNEL, RELAXED_KERNEL } from './kernel-bytes.ts';

/** What the host must know of `kernel/memory.ts`; a test compares both. */
export const MEMORY_MAP = {
  BLOCK_BYTES: 16384,
  CONTEXT_BYTES: 320,
  PAIR_CAPACITY: 8192,
  HITS: 0x51000,
  BLOCK: 0x62000,
  TABLES: 0x67000,
} as const;
const { CONTEXT_BYTES, PAIR_CAPACITY, HITS, BLOCK, TABLES } = MEMORY_MAP;
export const { BLOCK_BYTES } = MEMORY_MAP;
const PAGE_BYTES = 65536;

const MAX_KERNELS = 4;

/** What the kernel needs of the host's WebAssembly; its full types come with a browser's or Node's. */
interface WebAssemblyHost {
  readonly Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

const host = (globalThis as unknown as { readonly WebAssembly: WebAssemblyHost }).WebAssembly;

interface KernelExports {
  prepare(): void;
  look(length: number): number;
  next(): number;
}

export class Kernel {
  readonly #bytes: Uint8Array;
  readonly #exports: KernelExports;
  #tables: WeakRef<FilterTables> | undefined;
  /** Position of the compared bytes in the block (it may be negative), and entry, of each hit of the last `next`. */
  readonly hits: Int32Array;

  constructor(tableBytes: number, module = kernelModule()) {
    const memory = new host.Memory({ initial: Math.ceil((TABLES + tableBytes) / PAGE_BYTES) });
    this.#bytes = new Uint8Array(memory.buffer);
    this.hits = new Int32Array(memory.buffer, HITS, PAIR_CAPACITY * 2);
    this.#exports = new host.Instance(module, { env: { memory } }).exports as KernelExports;
    this.#exports.prepare();
  }

  holds(tables: FilterTables): boolean {
    return this.#tables?.deref() === tables;
  }

  hasRoomFor(tableBytes: number): boolean {
    return TABLES + tableBytes <= this.#bytes.length;
  }

  load(tables: FilterTables): void {
    const { filterHeader, filterTables } = tables;
    const header = new Int32Array(this.hits.buffer, 0, FILTER_FIELDS);
    header.set(filterHeader);
    for (const field of addressFields) header[field]! += TABLES;
    this.#bytes.set(filterTables, TABLES);
    this.#tables = new WeakRef(tables);
  }

  /**
   * Copies `from … to` of `buffer`, at most a block, with what stands around it, and looks for entries in it. Returns the
   * number of hits that lie ready; complemented when `next` has more.
   */
  look(buffer: Uint8Array, from: number, to: number): number {
    const first = Math.max(0, from - CONTEXT_BYTES);
    this.#bytes.set(buffer.subarray(first, to + CONTEXT_BYTES), BLOCK - (from - first));
    return this.#exports.look((to - from + 63) & ~63);
  }

  /** As `look`, for the hits that follow. */
  next(): number {
    return this.#exports.next();
  }
}

const addressFields = [
  FILTER.gramBits,
  FILTER.eightBits,
  FILTER.sixBits,
  FILTER.fourBits,
  FILTER.pairEntries,
  FILTER.byteGroups,
  FILTER.groupStarts,
  FILTER.groupItems,
  FILTER.bucketStarts,
  FILTER.bucketItems,
  FILTER.nibbles,
  FILTER.nibbleStarts,
  FILTER.nibbleItems,
  FILTER.records,
  FILTER.probes,
  FILTER.pivotNumbers,
  FILTER.pivotStarts,
  FILTER.pivotMasks,
  FILTER.pivotBits,
  FILTER.runNumbers,
  FILTER.runs,
  FILTER.runClasses,
];

let compiled: object | undefined;

/** Relaxed swizzles are faster; not every host has them. */
function kernelModule(): object {
  if (compiled === undefined) {
    const relaxed = bytesOfBase64(RELAXED_KERNEL);
    compiled = new host.Module(host.validate(relaxed) ? relaxed : bytesOfBase64(KERNEL));
  }
  return compiled;
}

/** Used last comes first. */
const kernels: Kernel[] = [];

/** A kernel with those tables, until it is asked for with others. */
export function kernelOf(tables: FilterTables): Kernel {
  const [last] = kernels;
  if (last?.holds(tables) === true) return last;
  let at = kernels.findIndex((kernel) => kernel.holds(tables));
  let kernel = kernels[at];
  if (kernel === undefined) {
    at = kernels.length < MAX_KERNELS ? kernels.length : MAX_KERNELS - 1;
    kernel = kernels[at];
    const tableBytes = tables.filterTables.length;
    if (kernel?.hasRoomFor(tableBytes) !== true) kernel = new Kernel(tableBytes);
    kernel.load(tables);
  }
  kernels.splice(at, 1);
  kernels.unshift(kernel);
  return kernel;
}
