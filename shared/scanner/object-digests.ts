/**
 * The digests of a whole object, taken while it streams. SHA-256 is what rows and incidents know an object by; MD5 only for
 * those who still look files up by it. The library keeps its state in WASM memory of its own per hasher, and the state can be
 * saved, so a scan that is interrupted can carry its digests on.
 */
import { createMD5, createSHA256 } from 'hash-wasm';
import type { IHasher } from 'hash-wasm';

export const digestNames = ['sha256', 'md5'] as const;

export type DigestName = (typeof digestNames)[number];

/** Lower-case hex; a digest that was not asked for is absent. */
export type DigestValues = Readonly<Partial<Record<DigestName, string>>>;

/** States of digests of a part of an object; some hundred bytes each, which hold the last bytes hashed. */
export type DigestStates = Readonly<Partial<Record<DigestName, Uint8Array>>>;

/** One object's digests: `update` in order with every byte, then `finish` once. Not shared between scans. */
export class ObjectDigests {
  readonly #hashers: ReadonlyMap<DigestName, IHasher>;

  private constructor(hashers: ReadonlyMap<DigestName, IHasher>) {
    this.#hashers = hashers;
  }

  /** An empty list of names makes one that costs nothing and finishes with no values. */
  static async create(names: readonly DigestName[]): Promise<ObjectDigests> {
    const wanted = [...new Set(names)];
    const hashers = await Promise.all(wanted.map(async (name) => [name, (await createHasher(name)).init()] as const));
    return new ObjectDigests(new Map(hashers));
  }

  /** The digests that go on where `states` were saved. Throws when they are none of this library's. */
  static async restore(states: DigestStates): Promise<ObjectDigests> {
    const hashers = await Promise.all(
      Object.entries(states).map(async ([name, state]) => {
        const hasher = await createHasher(name as DigestName);
        return [name as DigestName, hasher.load(state)] as const;
      }),
    );
    return new ObjectDigests(new Map(hashers));
  }

  /** The chunk is read before the call returns. */
  update(chunk: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(chunk);
  }

  /** What to go on from; not after `finish`. */
  save(): DigestStates {
    return Object.fromEntries([...this.#hashers].map(([name, hasher]) => [name, hasher.save()]));
  }

  finish(): DigestValues {
    return Object.fromEntries([...this.#hashers].map(([name, hasher]) => [name, hasher.digest('hex')]));
  }
}

function createHasher(name: DigestName): Promise<IHasher> {
  switch (name) {
    case 'sha256':
      return createSHA256();
    case 'md5':
      return createMD5();
  }
}
