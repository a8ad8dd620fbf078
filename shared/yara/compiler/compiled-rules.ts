/** What the compiler takes and what it makes, as a user of the engine sees it. */
import type { Diagnostic } from '../syntax/diagnostic.ts';
import type { MetaValue } from '../scan/scan-result.ts';
import type { Externals } from './externals.ts';

export interface RuleSource {
  /** Bytes for files that are not UTF-8; a string stands for its UTF-8 bytes. */
  readonly text: string | Uint8Array;
  /** Shown in diagnostics: a path as the user gave it. */
  readonly name?: string;
  /** `default` unless given. */
  readonly namespace?: string;
}

export interface CompileOptions {
  readonly externals?: Externals;
  readonly includes?: (path: string, from: RuleSource) => RuleSource | undefined;
  /** `throw` (default), or `skip`: rules with errors, and what refers to them, are left out and listed in `skipped`. */
  readonly onInvalidRule?: 'throw' | 'skip';
}

/** What a rule asks of an object besides its stream. */
export type RuleNeed = 'filesize' | 'head' | 'pages' | 'digest' | (string & {});

export interface RuleInfo {
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly meta: readonly (readonly [name: string, value: MetaValue])[];
  readonly isPrivate: boolean;
  readonly isGlobal: boolean;
  readonly patterns: readonly {
    readonly identifier: string;
    readonly kind: 'text' | 'hex' | 'regex';
    readonly isPrivate: boolean;
  }[];
  readonly needs: readonly RuleNeed[];
}

export interface ExternalInfo {
  readonly name: string;
  readonly type: 'boolean' | 'integer' | 'float' | 'text';
}

/** Immutable; shared by any number of scanners. */
export interface CompiledRules {
  /** SHA-256 of the rules' content, lower-case hex: the same rules have the same digest. */
  readonly digest: string;
  readonly formatVersion: number;
  /** The externals that the rules were compiled with; a scan takes values for these and no others. */
  readonly externals: readonly ExternalInfo[];
  readonly rules: readonly RuleInfo[];
  readonly warnings: readonly Diagnostic[];
  readonly skipped: readonly Diagnostic[];
}
