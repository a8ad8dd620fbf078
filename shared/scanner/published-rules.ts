/**
 * Rules that are published to a blob, so that new ones need no deployment. The blob is looked at when the process begins and then
 * at most once a minute, with the eTag that is known. What is there is used only if all of it can be and whoever must vouch for it
 * does (`ReleaseTrust`); else it is refused, which is told once for each version, and what was used before stays.
 *
 *   blob ─► as large as allowed? ─► digest, signature ─► rules, exclusions, policies decode ─► kept by digest ─► used
 *
 * What was accepted is kept in the scanner's own account: by a process that begins while the blob is of no use, and by a pin that
 * goes back to it. Trust never rests on where it was found: a kept release is held against the digest and the key like any other.
 */
import type { KeyObject } from 'node:crypto';
import { errorText } from '../base/describe-error.ts';
import type { Logger } from '../base/log.ts';
import type { FetchedBlob } from '../objects/fetch-blob.ts';
import { decodeRelease, MAX_RELEASE_BYTES, ReleaseFault, requireTrust } from './rule-release.ts';
import { RulesUnavailableError } from './rule-set.ts';
import type { RuleUnit } from './rule-unit.ts';
import { unitOfRelease } from './rule-unit.ts';

export interface PublishedRulesParts {
  /** For people; holds no secret. */
  readonly url: string;
  /** The blob, unless it is still the version with that eTag. */
  readonly fetch: (options: {
    readonly knownETag: string | undefined;
    readonly maxBytes: number;
    readonly abortSignal: AbortSignal;
  }) => Promise<FetchedBlob>;
  /** Releases that were accepted, by digest, and which was the last. */
  readonly kept: KeptReleases;
  readonly pinnedDigest: string | undefined;
  readonly publicKey: KeyObject | undefined;
  readonly log: Logger;
  /** A minute unless given. */
  readonly everyMs?: number;
}

export interface KeptReleases {
  read(name: string): Promise<Uint8Array | undefined>;
  write(name: string, content: Uint8Array): Promise<void>;
}

/** Why the version that is published is not used. */
export interface ReleaseRefusal {
  /** `''` where there is no blob. */
  readonly eTag: string;
  readonly problem: string;
}

const REQUEST_LIMIT_IN_MS = 30_000;
/** Holds the digest of the last release that was accepted. */
const LAST_ACCEPTED = 'accepted';

export class PublishedRules {
  readonly #parts: PublishedRulesParts;
  #knownETag: string | undefined;
  #refusal: ReleaseRefusal | undefined;
  #usedDigest: string | undefined;
  #nextCheckAt = 0;
  #checking: Promise<RuleUnit | undefined> | undefined;

  constructor(parts: PublishedRulesParts) {
    this.#parts = parts;
  }

  /** Set while what is published is refused; the same value as long as it is refused for the same reason. */
  get refusal(): ReleaseRefusal | undefined {
    return this.#refusal;
  }

  /**
   * The rules to begin with: those that are published, else the last that were accepted; undefined where neither are of any use.
   * Rejects with `RulesUnavailableError` (retryable) when it could not be learnt what is published and none were accepted before:
   * to scan with others then would be a choice that nobody made.
   */
  async first(): Promise<RuleUnit | undefined> {
    const { pinnedDigest, url } = this.#parts;
    const pinned = pinnedDigest === undefined ? undefined : await this.#readKept(pinnedDigest);
    if (pinned !== undefined) return this.#use(pinned);
    this.#nextCheckAt = Date.now() + this.#everyMs;
    const { unit, fault } = await this.#look();
    if (unit !== undefined) return unit;
    const last = await this.#readLastAccepted();
    if (last !== undefined) return this.#use(last);
    if (fault === undefined) return undefined;
    throw new RulesUnavailableError(`the published rules cannot be read: ${errorText(fault, 200)}`, {
      where: url,
      hint: "see whether SLUICE_RULES_URL can be reached and the app's identity has the role Storage Blob Data Reader there",
      retryable: true,
      cause: fault,
    });
  }

  /** Other rules than before, where there are any. Makes a request at most once a minute. Never rejects. */
  async next(): Promise<RuleUnit | undefined> {
    const { pinnedDigest } = this.#parts;
    // A digest stands for one release for ever.
    if (pinnedDigest !== undefined && pinnedDigest === this.#usedDigest) return undefined;
    if (this.#checking === undefined) {
      if (Date.now() < this.#nextCheckAt) return undefined;
      this.#nextCheckAt = Date.now() + this.#everyMs;
      this.#checking = this.#look()
        .then(({ unit }) => unit)
        .finally(() => {
          this.#checking = undefined;
        });
    }
    return this.#checking;
  }

  get #everyMs(): number {
    return this.#parts.everyMs ?? 60_000;
  }

  /** `fault`: it is not known what is published. Never rejects. */
  async #look(): Promise<{ readonly unit?: RuleUnit; readonly fault?: unknown }> {
    const { fetch, log, url } = this.#parts;
    let found: FetchedBlob;
    try {
      found = await fetch({
        knownETag: this.#knownETag,
        maxBytes: MAX_RELEASE_BYTES,
        abortSignal: AbortSignal.timeout(REQUEST_LIMIT_IN_MS),
      });
    } catch (fault) {
      log.warn('the published rules cannot be read; those in use stay', { url, error: errorText(fault, 300) });
      return { fault };
    }
    switch (found.kind) {
      case 'same':
        return {};
      case 'missing':
        this.#refuse({ eTag: '', problem: 'there is no such blob' });
        return {};
      case 'tooLarge':
        this.#knownETag = found.eTag;
        this.#refuse({ eTag: found.eTag, problem: `it has ${found.sizeInBytes} bytes` });
        return {};
      case 'found':
        this.#knownETag = found.eTag;
        return this.#examine(found.bytes, found.eTag);
    }
  }

  async #examine(bytes: Uint8Array, eTag: string): Promise<{ readonly unit?: RuleUnit }> {
    const { pinnedDigest, publicKey, log, url } = this.#parts;
    let unit: RuleUnit;
    try {
      unit = this.#decode(bytes, { digest: pinnedDigest, publicKey });
    } catch (error) {
      if (!(error instanceof ReleaseFault)) throw error;
      this.#refuse({ eTag, problem: error.message });
      return {};
    }
    this.#refusal = undefined;
    if (unit.releaseDigest === this.#usedDigest) return {};
    await this.#keep(unit.releaseDigest!, bytes);
    log.info('published rules are taken up', { url, release: unit.releaseDigest, ...about(unit) });
    return { unit: this.#use(unit) };
  }

  #decode(bytes: Uint8Array, trust: Parameters<typeof requireTrust>[1]): RuleUnit {
    const release = decodeRelease(bytes);
    requireTrust(release, trust);
    return unitOfRelease(release, this.#parts.url);
  }

  #use(unit: RuleUnit): RuleUnit {
    this.#usedDigest = unit.releaseDigest;
    return unit;
  }

  #refuse(refusal: ReleaseRefusal): void {
    const { log, url } = this.#parts;
    if (this.#refusal?.eTag === refusal.eTag && this.#refusal.problem === refusal.problem) return;
    this.#refusal = refusal;
    log.error('published rules are refused; those in use stay', { url, ...refusal });
  }

  /** A release that cannot be kept is used all the same. */
  async #keep(digest: string, bytes: Uint8Array): Promise<void> {
    const { kept, log } = this.#parts;
    try {
      await kept.write(digest, bytes);
      await kept.write(LAST_ACCEPTED, Buffer.from(digest));
    } catch (error) {
      log.warn('rules that were taken up could not be kept', { release: digest, error: errorText(error) });
    }
  }

  /** Undefined too for one that is damaged or not of the trusted key. */
  async #readKept(digest: string): Promise<RuleUnit | undefined> {
    const { kept, publicKey, log } = this.#parts;
    try {
      const bytes = await kept.read(digest);
      return bytes === undefined ? undefined : this.#decode(bytes, { digest, publicKey });
    } catch (error) {
      log.warn('rules that were accepted before cannot be used', { release: digest, error: errorText(error) });
      return undefined;
    }
  }

  async #readLastAccepted(): Promise<RuleUnit | undefined> {
    const { kept, log } = this.#parts;
    try {
      const text = Buffer.from((await kept.read(LAST_ACCEPTED)) ?? []).toString('latin1');
      if (!/^[0-9a-f]{64}$/.test(text)) return undefined;
      const unit = await this.#readKept(text);
      if (unit !== undefined) log.warn('the rules that were accepted last are used', { release: text, ...about(unit) });
      return unit;
    } catch (error) {
      log.warn('the rules that were accepted last cannot be read', { error: errorText(error) });
      return undefined;
    }
  }
}

function about({ ruleSet, exclusions, policies }: RuleUnit): Readonly<Record<string, unknown>> {
  return {
    rules: ruleSet.ruleCount,
    skippedRules: ruleSet.skippedRuleCount,
    rulesDigest: ruleSet.digest,
    exclusionsDigest: exclusions.digest,
    policies: policies.length,
  };
}
