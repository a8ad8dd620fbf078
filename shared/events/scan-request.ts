/**
 * What a queue message asks for. A message is input, not trust: every request below has passed the allow-list of accounts
 * and hosts, and everything that did not is a request to record why not, never an exception.
 */

/** What asked for a scan: an upload's event, the sweep, which finds what no event told of, or a rescan that somebody ordered. */
export type ScanOrigin = 'event' | 'sweep' | 'rescan';

/** One version of one object to scan. */
export interface ScanRequest {
  readonly kind: 'scan';
  readonly account: string;
  readonly container: string;
  /** Decoded from the URL; may hold `/` and any Unicode. */
  readonly objectName: string;
  /** The blob endpoint's URL of the object (a dfs URL is turned into it), without query. */
  readonly url: string;
  /** Without quotes; undefined where the event had none: then the current version is scanned. */
  readonly eTag: string | undefined;
  readonly versionId: string | undefined;
  /** As the event says; the object's own properties decide. */
  readonly sizeInBytes: number | undefined;
  /** When it was uploaded, ISO 8601; the event's time. */
  readonly eventTime: string;
  readonly eventId: string;
  /** The operation that raised the event, such as `PutBlob`; unknown ones are scanned and warned about. */
  readonly api: string | undefined;
  /** The watched storage account's ARM id, `''` where the event names none. */
  readonly resourceId: string;
  /** The slice of a scan to go on with; undefined for one that begins. */
  readonly resumes?:
    | {
        readonly scanId: string;
        readonly generation: number;
        /** Of the rules that the slices before were scanned with. */
        readonly rulesDigest?: string | undefined;
      }
    | undefined;
  /** Versions that earlier slices saw go, oldest first; they are superseded once the scan is recorded. */
  readonly replaced?: readonly ReplacedVersion[];
  /** Whether to scan again what was recorded as incomplete. */
  readonly again?: boolean;
  /** `event` unless given. */
  readonly origin?: ScanOrigin | undefined;
  /** How often its message was given up without having had a fair try, and put back. */
  readonly returns?: number;
}

/** A version of the object that is no more. */
export interface ReplacedVersion {
  readonly eTag: string;
  readonly versionId: string | undefined;
  readonly sizeInBytes: number | undefined;
  readonly eventTime: string;
}

/** A report that no sink took yet, to be tried again. */
export interface DeliverRequest {
  readonly kind: 'deliver';
  readonly scanId: string;
  /** Which try after the first this is; from 1. */
  readonly attempt: number;
}

/** One more try at what a verdict is answered with; the report waits in the outbox of reactions. */
export interface ReactRequest {
  readonly kind: 'react';
  readonly scanId: string;
  /** Counted from 1. */
  readonly attempt: number;
}

/** One step through the objects that exist; see `shared/scanner/walk-objects.ts`. */
export interface WalkRequest {
  readonly kind: 'walk';
  /** A UUID, the same for all steps. */
  readonly id: string;
  /** On the allow-list. */
  readonly account: string;
  /** Undefined for the step that goes through all of the account. */
  readonly container: string | undefined;
  readonly prefix: string;
  /** Only objects last written in this time, ISO 8601; without bounds where undefined. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  /**
   * `unrecorded`: only versions of which nothing that lasts is recorded, with whatever rules. `unscanned`: the same, with the rules
   * that are in use when the page is listed.
   */
  readonly only: 'unrecorded' | 'unscanned' | 'all';
  /**
   * `atOnce`: a step for each container of the account at the same time, each at the rate below. `inTurn`: one container after the
   * other, so that the rate holds for all of them. `one`: the named container and no other.
   */
  readonly containers: 'atOnce' | 'inTurn' | 'one';
  /** How many scans to ask for in a minute. */
  readonly perMinute: number;
  /** Where the listing goes on. */
  readonly from: string | undefined;
  /** How many steps were taken in this container before. */
  readonly step: number;
  /** Objects seen, and scans asked for, in the steps before. */
  readonly listed: number;
  readonly sent: number;
}

/** A message that asks for no scan, or rules that cannot be used, with the outcome to record for it. */
export interface RefusedRequest {
  readonly kind: 'refused';
  readonly verdict: 'skipped' | 'failed';
  readonly reason: 'foreignAccount' | 'notABlobEvent' | 'malformedMessage' | 'rulesRefused';
  /** For a person: what was wrong, no secrets, at most 300 characters. */
  readonly detail: string;
  /** What could be read of it, for the row; empty strings where nothing could. */
  readonly account: string;
  readonly container: string;
  readonly objectName: string;
  readonly url: string;
  readonly eventTime: string | undefined;
  readonly eventId: string;
}

/** A request that ends in a report about an object or a message. */
export type SluiceRequest = ScanRequest | RefusedRequest;

export type QueueRequest = SluiceRequest | DeliverRequest | ReactRequest | WalkRequest;
