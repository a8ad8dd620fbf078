/** One question with its answer: rules, an object, and what both engines say. Case files and families are made into these. */
import type { Externals } from '../../shared/yara/compiler/externals.ts';
import type { RuleSource } from '../../shared/yara/compiler/compiled-rules.ts';
import type { ComparableMeta, MatchTuple } from './answer.ts';

export interface Case {
  readonly chapter: string;
  /** A sentence. */
  readonly name: string;
  /** What the engine must be able to do; see `supported.ts`. */
  readonly features: readonly string[];
  readonly sources: readonly RuleSource[];
  readonly externals?: Externals;
  readonly scanExternals?: Externals;
  /** Texts of included files by path, for our engine: the reference's package has no includes. */
  readonly includes?: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** What the reference says, and our engine unless `ours` is there. */
  readonly expected: Expected;
  readonly dialect?: Dialect;
  /** Why the reference cannot be asked; then `expected` is ours alone. */
  readonly unasked?: string;
  /** How many statements it makes: a sheet of conditions makes one by each. */
  readonly statements: number;
}

/** A difference from the reference that is meant; each name is an entry of `shared/yara/DIALECT.md`. */
export interface Dialect {
  readonly name: string;
  readonly why: string;
  readonly ours: Expected;
}

export type ExpectedPatterns = Readonly<Record<string, readonly MatchTuple[]>>;

export type Expected =
  | { readonly kind: 'error'; readonly code: string }
  /** The rules that match, with all their patterns' matches; `tags`, `meta` and `warnings` are looked at where given. */
  | {
      readonly kind: 'matches';
      readonly rules: Readonly<Record<string, ExpectedPatterns>>;
      readonly tags?: readonly string[];
      readonly meta?: readonly (readonly [string, ComparableMeta])[];
      readonly warnings?: readonly string[];
    }
  /** Only which rules match: keys are what the rules are known by, `names` their identifiers in the sources. */
  | {
      readonly kind: 'verdicts';
      readonly verdicts: Readonly<Record<string, boolean>>;
      readonly names: Readonly<Record<string, string>>;
    };
